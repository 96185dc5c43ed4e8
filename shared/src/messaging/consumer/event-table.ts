import { hash } from 'node:crypto';
import { randomId } from '../../crypto/index.ts';

/** An event as it is kept. */
export interface EventEntry {
  /** First 32 hex digits of the keyed digest of its content. */
  readonly digest: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When it was sealed, in milliseconds. */
  readonly sealedAt: number;
  readonly isPresumed: boolean;
}

const none = -1;
const firstCapacity = 1_024;
/** Of 32 bits: four of the id, four of the digest. */
const wordsPerEntry = 8;

/**
 * Events by their ids, in flat memory: some hundred bytes each where a Map of objects takes eight hundred, and no pauses while a
 * large Map is rebuilt. Ids are kept as 128 bits of a SHA-256 that begins with a secret of the table, so that nobody can choose
 * two that meet. Open addressing with linear probing (D. Knuth, The Art of Computer Programming 3, 6.4, algorithms L and R).
 */
export class EventTable {
  readonly #secret = randomId(32);
  /** Hash of the id that was last looked for: who looks for one adds it next. */
  readonly #id = new Uint32Array(4);
  #lastId: string | undefined;
  /** Entries by the hash of their id; twice as many places as entries. */
  #places = new Int32Array(2 * firstCapacity).fill(none);
  #words = new Uint32Array(wordsPerEntry * firstCapacity);
  #offsets = new Float64Array(firstCapacity);
  #sealedAt = new Float64Array(firstCapacity);
  #partitions = new Int32Array(firstCapacity);
  #presumed = new Uint8Array(firstCapacity);
  /** The entry that was added after this one to its partition, or the next one that is free. */
  #next = new Int32Array(firstCapacity);
  #used = 0;
  #free = none;
  readonly #queues = new Map<number, { first: number; last: number; length: number }>();

  get size(): number {
    let size = 0;
    for (const { length } of this.#queues.values()) size += length;
    return size;
  }

  /** Events of a partition. */
  length(partition: number): number {
    return this.#queues.get(partition)?.length ?? 0;
  }

  /** When the partition's event was sealed that was added first; undefined if there is none. */
  oldest(partition: number): number | undefined {
    const queue = this.#queues.get(partition);
    return queue === undefined ? undefined : this.#sealedAt[queue.first];
  }

  get(id: string): EventEntry | undefined {
    const entry = this.#find(id);
    if (entry === none) return undefined;
    const digest = this.#words.subarray(wordsPerEntry * entry + 4, wordsPerEntry * entry + 8);
    return {
      digest: Array.from(digest, (word) => word.toString(16).padStart(8, '0')).join(''),
      partition: this.#partitions[entry] ?? 0,
      offset: BigInt(this.#offsets[entry] ?? 0),
      sealedAt: this.#sealedAt[entry] ?? 0,
      isPresumed: this.#presumed[entry] === 1,
    };
  }

  /** Adds the event behind the others of its partition. One that is there stays as it is, but for the later time and the surer knowledge. */
  put(id: string, { digest, partition, offset, sealedAt, isPresumed }: EventEntry): void {
    const known = this.#find(id);
    if (known !== none) {
      this.#sealedAt[known] = Math.max(this.#sealedAt[known] ?? 0, sealedAt);
      if (!isPresumed) this.#presumed[known] = 0;
      return;
    }
    const entry = this.#take();
    for (let i = 0; i < 4; i++) {
      this.#words[wordsPerEntry * entry + i] = this.#id[i] ?? 0;
      this.#words[wordsPerEntry * entry + 4 + i] = Number.parseInt(digest.slice(8 * i, 8 * i + 8), 16);
    }
    this.#offsets[entry] = Number(offset);
    this.#sealedAt[entry] = sealedAt;
    this.#partitions[entry] = partition;
    this.#presumed[entry] = isPresumed ? 1 : 0;
    this.#next[entry] = none;
    this.#places[this.#freePlace(entry)] = entry;
    const queue = this.#queues.get(partition);
    if (queue === undefined) this.#queues.set(partition, { first: entry, last: entry, length: 1 });
    else {
      this.#next[queue.last] = entry;
      queue.last = entry;
      queue.length++;
    }
  }

  /** Removes the partition's event that was added first. @returns whether there was one */
  shift(partition: number): boolean {
    const queue = this.#queues.get(partition);
    if (queue === undefined) return false;
    const entry = queue.first;
    this.#clearPlace(entry);
    queue.first = this.#next[entry] ?? none;
    queue.length--;
    if (queue.length === 0) this.#queues.delete(partition);
    this.#next[entry] = this.#free;
    this.#free = entry;
    return true;
  }

  /** The event's entry; its hash is in `#id` afterwards. */
  #find(id: string): number {
    if (id !== this.#lastId) {
      const hex = hash('sha256', this.#secret + id, 'hex');
      for (let i = 0; i < 4; i++) this.#id[i] = Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16);
      this.#lastId = id;
    }
    const mask = this.#places.length - 1;
    for (let place = (this.#id[0] ?? 0) & mask; ; place = (place + 1) & mask) {
      const entry = this.#places[place] ?? none;
      if (entry === none || this.#isOf(entry)) return entry;
    }
  }

  #isOf(entry: number): boolean {
    const at = wordsPerEntry * entry;
    for (let i = 0; i < 4; i++) if (this.#words[at + i] !== this.#id[i]) return false;
    return true;
  }

  #homeOf(entry: number): number {
    return (this.#words[wordsPerEntry * entry] ?? 0) & (this.#places.length - 1);
  }

  #freePlace(entry: number): number {
    const mask = this.#places.length - 1;
    let place = this.#homeOf(entry);
    while (this.#places[place] !== none) place = (place + 1) & mask;
    return place;
  }

  /** Takes the entry out and moves up what stands behind it, so that no search ends too early. */
  #clearPlace(entry: number): void {
    const mask = this.#places.length - 1;
    let hole = this.#homeOf(entry);
    while (this.#places[hole] !== entry) hole = (hole + 1) & mask;
    for (let place = (hole + 1) & mask; ; place = (place + 1) & mask) {
      const other = this.#places[place] ?? none;
      if (other === none) break;
      // One whose search begins behind the hole stays where it is.
      const isBehind = ((place - this.#homeOf(other)) & mask) < ((place - hole) & mask);
      if (isBehind) continue;
      this.#places[hole] = other;
      hole = place;
    }
    this.#places[hole] = none;
  }

  #take(): number {
    if (this.#free !== none) {
      const entry = this.#free;
      this.#free = this.#next[entry] ?? none;
      return entry;
    }
    if (this.#used === this.#offsets.length) this.#grow();
    return this.#used++;
  }

  /** Called while every entry is in use. */
  #grow(): void {
    const capacity = 2 * this.#offsets.length;
    this.#words = grown(this.#words, new Uint32Array(wordsPerEntry * capacity));
    this.#offsets = grown(this.#offsets, new Float64Array(capacity));
    this.#sealedAt = grown(this.#sealedAt, new Float64Array(capacity));
    this.#partitions = grown(this.#partitions, new Int32Array(capacity));
    this.#presumed = grown(this.#presumed, new Uint8Array(capacity));
    this.#next = grown(this.#next, new Int32Array(capacity));
    this.#places = new Int32Array(2 * capacity).fill(none);
    for (let entry = 0; entry < this.#used; entry++) this.#places[this.#freePlace(entry)] = entry;
  }
}

function grown<T extends { set(from: T): void }>(from: T, to: T): T {
  to.set(from);
  return to;
}
