/** Where and as what an event was seen. */
export interface SeenEvent {
  readonly digest: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Known from the log alone, which doesn't tell whether its effect came about. */
  readonly isPresumed?: boolean;
}

interface Entry extends SeenEvent {
  /** When it was sealed, in milliseconds. */
  readonly sealedAt: number;
}

export interface ReplayWindowOptions {
  /** Events remembered for each partition at most. */
  readonly maxEvents: number;
  /** Events sealed longer than this before the partition's latest message are forgotten: their copies would be stale. */
  readonly horizonMs: number;
}

/**
 * Events that were applied lately, for each partition. Bounded by time, since copies that come later are refused as stale,
 * and by number.
 */
export class ReplayWindow {
  readonly #options: ReplayWindowOptions;
  readonly #partitions = new Map<number, Map<string, Entry>>();
  #overflows = 0;

  constructor(options: ReplayWindowOptions) {
    this.#options = options;
  }

  /** Events that had to be forgotten before their time, for want of room. */
  get overflows(): number {
    return this.#overflows;
  }

  /** Looks in all partitions: whoever repeats a message may choose another one. */
  find(eventId: string): SeenEvent | undefined {
    for (const events of this.#partitions.values()) {
      const found = events.get(eventId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Forgets the partition's events. */
  forget(partition: number): void {
    this.#partitions.delete(partition);
  }

  /** @param logTime when the log took the message, in milliseconds */
  remember(eventId: string, seen: SeenEvent, sealedAt: number, logTime: number): void {
    let events = this.#partitions.get(seen.partition);
    if (events === undefined) {
      events = new Map();
      this.#partitions.set(seen.partition, events);
    }
    events.set(eventId, { ...seen, sealedAt });
    const oldest = logTime - this.#options.horizonMs;
    for (const [id, entry] of events) {
      const isOver = events.size > this.#options.maxEvents;
      if (!isOver && entry.sealedAt >= oldest) return;
      if (isOver && entry.sealedAt >= oldest) this.#overflows++;
      events.delete(id);
    }
  }
}
