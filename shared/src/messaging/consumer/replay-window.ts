import { EventTable } from './event-table.ts';

/** Where and as what an event was seen. */
export interface SeenEvent {
  /** Keyed digest of its content; at least the first 32 hex digits. */
  readonly digest: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Known from the log alone, which doesn't tell whether its effect came about. */
  readonly isPresumed?: boolean;
}

export interface ReplayWindowOptions {
  /** Events remembered for each partition at most. */
  readonly maxEvents: number;
  /** Events sealed longer than this before the partition's latest message are forgotten: their copies would be stale. */
  readonly horizonMs: number;
}

/**
 * Events that were applied lately. Bounded by time, since copies that come later are refused as stale, and by number for each
 * partition. They are looked up over all partitions: whoever repeats a message may choose another one.
 */
export class ReplayWindow {
  readonly #options: ReplayWindowOptions;
  readonly #events = new EventTable();
  #overflows = 0;

  constructor(options: ReplayWindowOptions) {
    this.#options = options;
  }

  /** Events that had to be forgotten before their time, for want of room. */
  get overflows(): number {
    return this.#overflows;
  }

  get size(): number {
    return this.#events.size;
  }

  find(eventId: string): SeenEvent | undefined {
    return this.#events.get(eventId);
  }

  /** Forgets the partition's events. */
  forget(partition: number): void {
    while (this.#events.shift(partition));
  }

  /**
   * An event that is remembered already is so for longer, if it was sealed anew.
   *
   * @param logTime when the log took the message, in milliseconds
   */
  remember(eventId: string, seen: SeenEvent, sealedAt: number, logTime: number): void {
    const { digest, partition, offset, isPresumed = false } = seen;
    this.#events.put(eventId, { digest, partition, offset, sealedAt, isPresumed });
    const oldest = logTime - this.#options.horizonMs;
    for (let first = this.#events.oldest(partition); first !== undefined; first = this.#events.oldest(partition)) {
      const isOver = this.#events.length(partition) > this.#options.maxEvents;
      if (!isOver && first >= oldest) return;
      if (first >= oldest) this.#overflows++;
      this.#events.shift(partition);
    }
  }
}
