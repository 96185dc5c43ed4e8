import type { AppliedEvent, AppliedEvents, SqlTransaction } from '@sdp/shared/messaging';

/** A transaction of tests: what is recorded in it counts once it is committed. */
export class MemoryTransaction implements SqlTransaction {
  readonly recorded: AppliedEvent[] = [];

  async query(): Promise<{ rowCount: number; rows: [] }> {
    return { rowCount: 1, rows: [] };
  }
}

/** Applied events in memory, which outlive consumers. */
export class MemoryAppliedEvents implements AppliedEvents {
  readonly digests = new Map<string, string>();

  async find(group: string, topic: string, eventId: string): Promise<string | undefined> {
    return this.digests.get(`${group} ${topic} ${eventId}`);
  }

  async recordIn(transaction: SqlTransaction, events: readonly AppliedEvent[]): Promise<boolean> {
    if (events.some(({ group, topic, eventId }) => this.digests.has(`${group} ${topic} ${eventId}`))) return false;
    (transaction as MemoryTransaction).recorded.push(...events);
    return true;
  }

  commit({ recorded }: MemoryTransaction): void {
    for (const { group, topic, eventId, digest } of recorded) this.digests.set(`${group} ${topic} ${eventId}`, digest);
  }

  async record(events: readonly AppliedEvent[]): Promise<void> {
    for (const { group, topic, eventId, digest } of events) this.digests.set(`${group} ${topic} ${eventId}`, digest);
  }
}
