import { hash } from 'node:crypto';
import { IntegrityError } from '@sdp/shared/errors';

/** What tells an event from all others, and when it came. */
export interface SeenEvent {
  readonly clientId: string;
  readonly eventId: string;
  /** When the API took it, in milliseconds since 1970: the clock by which events are forgotten. */
  readonly receivedAtMs: number;
}

export interface SeenEventsOptions {
  /** How long an event is remembered; an hour where left out. */
  readonly horizonMs?: number;
  /** Above it the oldest are forgotten early, 36 bytes each at most; 2^20 where left out. */
  readonly maxEvents?: number;
}

/** Events that are new, and how to remember them. */
export interface NewEvents<T> {
  /** Each event once, in order. */
  readonly fresh: readonly T[];
  /** 16 bytes of each of `fresh`, in their order: what {@link SeenEvents.add} takes. */
  readonly identities: Uint8Array;
  /** Of those given. */
  readonly repeats: number;
  /** To be called once, when all that can fail has been done. */
  remember(): void;
}

const hashWords = 4;
const hashBytes = hashWords * 4;
/** "SDPS" and the version of the layout. */
const magic = 0x5344_5053;
const layoutVersion = 1;
const headerBytes = 24;
const entryBytes = 8 + hashBytes;
const smallest = 1_024;

/**
 * Remembers which events have been handled, by 128 bits of SHA-256 over client and event id: enough that no sender can find two
 * ids that are taken for one, his own or another's. Time is that of the events' arrival, never of this machine, so that whoever
 * reads the same messages again comes to the same answers.
 *
 * A ring of hashes in order of arrival, and chained buckets over it, in typed arrays that grow by doubling.
 */
export class SeenEvents {
  readonly #horizonMs: number;
  readonly #maxEvents: number;
  #capacity = 0;
  #hashes = new Uint32Array(0);
  #arrivals = new Float64Array(0);
  #next = new Int32Array(0);
  #buckets = new Int32Array(0);
  #first = 0;
  #size = 0;
  #nowMs = Number.NEGATIVE_INFINITY;
  #forgottenEarly = 0;

  constructor({ horizonMs = 3_600_000, maxEvents = 2 ** 20 }: SeenEventsOptions = {}) {
    this.#horizonMs = horizonMs;
    this.#maxEvents = maxEvents;
    this.#resize(Math.min(smallest, powerOfTwo(maxEvents)));
  }

  /** Events that are remembered. */
  get size(): number {
    return this.#size;
  }

  get sizeBytes(): number {
    return this.#hashes.byteLength + this.#arrivals.byteLength + this.#next.byteLength + this.#buckets.byteLength;
  }

  /** Events that had to make room within the horizon: a repeat of one would be taken for new. */
  get forgottenEarly(): number {
    return this.#forgottenEarly;
  }

  /**
   * Sorts out repeats, of earlier events and within those given. Changes nothing: a handler that fails and is given the same
   * events again finds them new again.
   */
  select<T>(events: readonly T[], identify: (event: T) => SeenEvent): NewEvents<T> {
    const fresh: T[] = [];
    const identities: Buffer[] = [];
    const arrivals = new Map<string, number>();
    let nowMs = this.#nowMs;
    for (const event of events) {
      const identity = identify(event);
      nowMs = Math.max(nowMs, identity.receivedAtMs);
      const bytes = hashOf(identity);
      const key = bytes.toString('latin1');
      const earlierMs = arrivals.get(key) ?? this.#arrivalOf(bytes);
      if (earlierMs > nowMs - this.#horizonMs) continue;
      arrivals.delete(key);
      arrivals.set(key, nowMs);
      fresh.push(event);
      identities.push(bytes);
    }
    return {
      fresh,
      identities: Buffer.concat(identities),
      repeats: events.length - fresh.length,
      remember: () => {
        for (const [key, arrivedMs] of arrivals) this.#append(Buffer.from(key, 'latin1'), arrivedMs);
        this.#forgetOld(nowMs);
      },
    };
  }

  /** Remembers events by their identities, which have been stored somewhere: those that came first go first. */
  add(identities: Uint8Array, arrivedMs: number): void {
    const bytes = Buffer.from(identities.buffer, identities.byteOffset, identities.byteLength);
    for (let at = 0; at < bytes.length; at += hashBytes) this.#append(bytes.subarray(at, at + hashBytes), arrivedMs);
    this.#forgetOld(arrivedMs);
  }

  /** What {@link SeenEvents.restore} takes. */
  snapshot(): Uint8Array {
    const bytes = Buffer.alloc(headerBytes + this.#size * entryBytes);
    bytes.writeUInt32LE(magic, 0);
    bytes.writeUInt32LE(layoutVersion, 4);
    bytes.writeUInt32LE(this.#size, 8);
    bytes.writeUInt32LE(Math.min(this.#forgottenEarly, 0xffff_ffff), 12);
    bytes.writeDoubleLE(this.#nowMs, 16);
    let position = headerBytes;
    for (let i = 0; i < this.#size; i++) {
      const slot = (this.#first + i) & (this.#capacity - 1);
      position = bytes.writeDoubleLE(this.#arrivals[slot] as number, position);
      for (let word = 0; word < hashWords; word++) {
        position = bytes.writeUInt32LE(this.#hashes[slot * hashWords + word] as number, position);
      }
    }
    return bytes;
  }

  /** @throws {IntegrityError} `record-tampered` for bytes that are no snapshot of this layout */
  static restore(snapshot: Uint8Array, options?: SeenEventsOptions): SeenEvents {
    const bytes = Buffer.from(snapshot.buffer, snapshot.byteOffset, snapshot.byteLength);
    const isRight =
      bytes.length >= headerBytes &&
      bytes.readUInt32LE(0) === magic &&
      bytes.readUInt32LE(4) === layoutVersion &&
      bytes.length === headerBytes + bytes.readUInt32LE(8) * entryBytes;
    if (!isRight) {
      throw new IntegrityError('record-tampered', {
        message: 'a snapshot of seen events is damaged or of another version',
        remedy: 'Delete the snapshot: what was seen is rebuilt from the log, as far as it reaches back.',
      });
    }
    const seen = new SeenEvents(options);
    for (let position = headerBytes; position < bytes.length; position += entryBytes) {
      seen.#append(bytes.subarray(position + 8, position + entryBytes), bytes.readDoubleLE(position));
    }
    seen.#forgottenEarly = bytes.readUInt32LE(12);
    seen.#forgetOld(bytes.readDoubleLE(16));
    return seen;
  }

  /** −∞ for one that isn't remembered. The newest of a chain comes first. */
  #arrivalOf(bytes: Buffer): number {
    const a = bytes.readUInt32LE(0);
    for (let slot = this.#buckets[this.#bucketOf(a)] as number; slot >= 0; slot = this.#next[slot] as number) {
      const at = slot * hashWords;
      const isSame =
        this.#hashes[at] === a &&
        this.#hashes[at + 1] === bytes.readUInt32LE(4) &&
        this.#hashes[at + 2] === bytes.readUInt32LE(8) &&
        this.#hashes[at + 3] === bytes.readUInt32LE(12);
      if (isSame) return this.#arrivals[slot] as number;
    }
    return Number.NEGATIVE_INFINITY;
  }

  #append(bytes: Buffer, arrivedMs: number): void {
    if (this.#size >= this.#maxEvents) {
      if ((this.#arrivals[this.#first] as number) > arrivedMs - this.#horizonMs) this.#forgottenEarly += 1;
      this.#forgetFirst();
    }
    if (this.#size === this.#capacity) this.#resize(this.#capacity * 2);
    const slot = (this.#first + this.#size) & (this.#capacity - 1);
    for (let word = 0; word < hashWords; word++) {
      this.#hashes[slot * hashWords + word] = bytes.readUInt32LE(word * 4);
    }
    this.#arrivals[slot] = arrivedMs;
    this.#link(slot);
    this.#size += 1;
  }

  #forgetOld(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs);
    const oldestMs = this.#nowMs - this.#horizonMs;
    while (this.#size > 0 && (this.#arrivals[this.#first] as number) <= oldestMs) this.#forgetFirst();
    if (this.#capacity > smallest && this.#size < this.#capacity / 8) this.#resize(this.#capacity / 4);
  }

  /** The oldest of all is the last of its chain. */
  #forgetFirst(): void {
    const slot = this.#first;
    const bucket = this.#bucketOf(this.#hashes[slot * hashWords] as number);
    let at = this.#buckets[bucket] as number;
    if (at === slot) {
      this.#buckets[bucket] = -1;
    } else {
      while (this.#next[at] !== slot) at = this.#next[at] as number;
      this.#next[at] = -1;
    }
    this.#first = (slot + 1) & (this.#capacity - 1);
    this.#size -= 1;
  }

  #link(slot: number): void {
    const bucket = this.#bucketOf(this.#hashes[slot * hashWords] as number);
    this.#next[slot] = this.#buckets[bucket] as number;
    this.#buckets[bucket] = slot;
  }

  #bucketOf(word: number): number {
    return word & (this.#capacity - 1);
  }

  #resize(capacity: number): void {
    const [hashes, arrivals] = [new Uint32Array(capacity * hashWords), new Float64Array(capacity)];
    for (let i = 0; i < this.#size; i++) {
      const from = (this.#first + i) & (this.#capacity - 1);
      hashes.set(this.#hashes.subarray(from * hashWords, (from + 1) * hashWords), i * hashWords);
      arrivals[i] = this.#arrivals[from] as number;
    }
    [this.#hashes, this.#arrivals] = [hashes, arrivals];
    [this.#next, this.#buckets] = [new Int32Array(capacity), new Int32Array(capacity).fill(-1)];
    this.#capacity = capacity;
    this.#first = 0;
    for (let slot = 0; slot < this.#size; slot++) this.#link(slot);
  }
}

/** Neither part can reach into the other: a client's id has no NUL. */
function hashOf({ clientId, eventId }: SeenEvent): Buffer {
  return hash('sha256', `${clientId}\0${eventId}`, 'buffer').subarray(0, hashBytes);
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, atLeast)));
}
