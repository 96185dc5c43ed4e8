/** Where and as what an event was seen. */
export interface SeenEvent {
  readonly digest: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Known from the log alone, which doesn't tell whether its effect came about. */
  readonly isPresumed?: boolean;
}

interface Entry extends SeenEvent {
  readonly id: string;
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
 * Events that were applied lately. Bounded by time, since copies that come later are refused as stale, and by number for each
 * partition. They are looked up over all partitions: whoever repeats a message may choose another one.
 */
export class ReplayWindow {
  readonly #options: ReplayWindowOptions;
  readonly #events = new Map<string, Entry>();
  readonly #partitions = new Map<number, EntryQueue>();
  #overflows = 0;

  constructor(options: ReplayWindowOptions) {
    this.#options = options;
  }

  /** Events that had to be forgotten before their time, for want of room. */
  get overflows(): number {
    return this.#overflows;
  }

  find(eventId: string): SeenEvent | undefined {
    return this.#events.get(eventId);
  }

  /** Forgets the partition's events. */
  forget(partition: number): void {
    const queue = this.#partitions.get(partition);
    this.#partitions.delete(partition);
    for (let entry = queue?.shift(); entry !== undefined; entry = queue?.shift()) this.#drop(entry);
  }

  /** @param logTime when the log took the message, in milliseconds */
  remember(id: string, seen: SeenEvent, sealedAt: number, logTime: number): void {
    let queue = this.#partitions.get(seen.partition);
    if (queue === undefined) {
      queue = new EntryQueue();
      this.#partitions.set(seen.partition, queue);
    }
    const { digest, partition, offset, isPresumed } = seen;
    const entry: Entry = { id, digest, partition, offset, sealedAt, isPresumed: isPresumed ?? false };
    this.#events.set(id, entry);
    queue.push(entry);
    const oldest = logTime - this.#options.horizonMs;
    for (let first = queue.first; first !== undefined; first = queue.first) {
      const isOver = queue.length > this.#options.maxEvents;
      if (!isOver && first.sealedAt >= oldest) return;
      if (isOver && first.sealedAt >= oldest) this.#overflows++;
      queue.shift();
      this.#drop(first);
    }
  }

  /** Unless it was remembered anew since. */
  #drop(entry: Entry): void {
    if (this.#events.get(entry.id) === entry) this.#events.delete(entry.id);
  }
}

/** First in, first out, without moving what is behind. */
class EntryQueue {
  #entries: (Entry | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  get first(): Entry | undefined {
    return this.#entries[this.#head];
  }

  push(entry: Entry): void {
    this.#entries.push(entry);
  }

  shift(): Entry | undefined {
    const first = this.#entries[this.#head];
    if (first === undefined) return undefined;
    this.#entries[this.#head++] = undefined;
    if (this.#head >= 1_024 && 2 * this.#head > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }
}
