import { digestBytes } from './format.ts';
import { type BatchFollower, type BatchUse, plainUse } from './namespace-use.ts';

/** Values a batch holds: large batches, sorted, turn random inserts into nearly sequential ones. */
export const batchCapacity = 196_608;

/**
 * As {@link batchCapacity}, for a namespace that holds millions. Each batch rewrites nearly all of its token tree there, so
 * fewer batches mean less to write.
 */
export const largeBatchCapacity = 524_288;

/** As {@link batchCapacity}, for surrogates: those that are not stored yet are kept at hand by their text. */
const surrogateCapacity = 32_768;

const firstCapacity = 4_096;
const growth = 1.5;

/** A batch is sent once its values reach this size, so that memory stays bounded with long values. */
const batchValueBytes = 8 * 1024 * 1024;
const largeBatchValueBytes = 16 * 1024 * 1024;

/** A batch on its way between the threads; the buffers change owner, nothing is copied. */
export interface Batch {
  readonly namespace: string;
  readonly use: BatchUse;
  readonly count: number;
  /** Token and tail of each value, 20 bytes each. */
  readonly digests: Uint8Array<ArrayBuffer>;
  /** Where each value ends in `values`. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** UTF-8, one after another. */
  readonly values: Uint8Array<ArrayBuffer>;
}

/** The buffers of a batch, to be filled again. */
export type BatchBuffers = Pick<Batch, 'digests' | 'ends' | 'values'>;

/** Buffers for a few thousand values; they grow, since most namespaces of a wide table never fill a batch. */
export function newBatchBuffers(): BatchBuffers {
  return {
    digests: new Uint8Array(firstCapacity * digestBytes),
    ends: new Uint32Array(firstCapacity),
    values: new Uint8Array(firstCapacity * 24),
  };
}

/** Bytes that the buffers of a batch take. */
export function sizeOf({ digests, ends, values }: BatchBuffers): number {
  return digests.byteLength + ends.byteLength + values.byteLength;
}

/** What to transfer along with a batch. */
export function transferListOf(batch: BatchBuffers): ArrayBuffer[] {
  return [batch.digests.buffer, batch.ends.buffer, batch.values.buffer];
}

/** Collects the values of one namespace. */
export class BatchBuilder {
  readonly namespace: string;
  readonly follower: BatchFollower | undefined;
  /** Whether it takes more, since its namespace holds millions. */
  readonly isLarge: boolean;
  readonly #use: BatchUse;
  readonly #capacity: number;
  readonly #valueBytes: number;
  #buffers: BatchBuffers;
  #digests: Buffer;
  #values: Buffer;
  #count = 0;
  #size = 0;
  #lastIsAscii = false;

  /** @param isLarge whether the namespace holds millions of values; makes no difference where each has a follower */
  constructor(
    namespace: string,
    buffers: BatchBuffers,
    use: BatchUse = plainUse,
    follower?: BatchFollower,
    isLarge = false,
  ) {
    this.namespace = namespace;
    this.#use = use;
    this.follower = follower;
    // A follower keeps strings at hand for each value of the batch.
    this.isLarge = isLarge && follower === undefined;
    this.#capacity = use.kind === 'surrogate' ? surrogateCapacity : this.isLarge ? largeBatchCapacity : batchCapacity;
    this.#valueBytes = this.isLarge ? largeBatchValueBytes : batchValueBytes;
    this.#buffers = buffers;
    this.#digests = Buffer.from(buffers.digests.buffer);
    this.#values = Buffer.from(buffers.values.buffer);
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of all that waits here. */
  get sizeBytes(): number {
    return this.#count * (digestBytes + 4) + this.#size;
  }

  get isFull(): boolean {
    return this.#count === this.#capacity || this.#size >= this.#valueBytes;
  }

  /** @param digestHex at least 40 hex digits */
  add(value: string, digestHex: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    if (this.#size + value.length * 3 > this.#values.length) this.#growValues(value.length * 3);
    if (this.#count === this.#buffers.ends.length) this.#growEntries();
    const start = this.#size;
    const size = this.#values.write(value, start, 'utf8');
    this.#digests.write(digestHex, this.#count * digestBytes, digestBytes, 'hex');
    this.#size += size;
    this.#buffers.ends[this.#count] = this.#size;
    this.#count += 1;
    this.#lastIsAscii = size === value.length;
  }

  /** A copy of the value added last, which holds on to no larger string that it may have been cut from. */
  copyOfLast(): string {
    const start = this.#count < 2 ? 0 : this.#buffers.ends[this.#count - 2];
    // latin1 is the faster way to read ASCII.
    return this.#values.toString(this.#lastIsAscii ? 'latin1' : 'utf8', start, this.#size);
  }

  take(): Batch {
    const { kind, canonical, expiresDays } = this.#use;
    const use = { kind, canonical, expiresDays };
    return { namespace: this.namespace, use, count: this.#count, ...this.#buffers };
  }

  // `transfer` lets go of the old bytes at once: left to the garbage collector, they would be as many again.
  #growValues(needed: number): void {
    const capacity = Math.max(Math.ceil(this.#values.length * growth), this.#size + needed);
    const values = new Uint8Array(this.#buffers.values.buffer.transfer(capacity));
    this.#buffers = { ...this.#buffers, values };
    this.#values = Buffer.from(values.buffer);
  }

  #growEntries(): void {
    const capacity = Math.min(Math.ceil(this.#count * growth), this.#capacity);
    const digests = new Uint8Array(this.#buffers.digests.buffer.transfer(capacity * digestBytes));
    const ends = new Uint32Array(this.#buffers.ends.buffer.transfer(capacity * Uint32Array.BYTES_PER_ELEMENT));
    this.#buffers = { ...this.#buffers, digests, ends };
    this.#digests = Buffer.from(digests.buffer);
  }
}
