import { endianness } from 'node:os';
import { IntegrityError } from '@sdp/shared/errors';

/** "SDPW" and the version of the layout. */
const magic = 0x5344_5057;
const layoutVersion = 1;
const kinds = { customer: 1, terminal: 2 } as const;
export type SnapshotKind = keyof typeof kinds;

const numberBytes = 8;

/**
 * Writes a snapshot: magic, version, kind, then what the parts write. Numbers are float64 and 32-bit counts, little-endian;
 * texts are UTF-8 behind their length.
 */
export class SnapshotWriter {
  #bytes = Buffer.alloc(4_096);
  #length = 0;

  constructor(kind: SnapshotKind) {
    assertLittleEndian();
    this.count(magic);
    this.count(layoutVersion);
    this.count(kinds[kind]);
  }

  count(value: number): void {
    this.#length = this.#room(4).writeUInt32LE(value, this.#length);
  }

  number(value: number): void {
    this.#length = this.#room(numberBytes).writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const size = Buffer.byteLength(value);
    this.count(size);
    this.#length += this.#room(size).write(value, this.#length);
  }

  numbers(values: Float64Array): void {
    this.count(values.length);
    this.#room(values.byteLength).set(
      new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
      this.#length,
    );
    this.#length += values.byteLength;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(sizeBytes: number): Buffer {
    if (this.#length + sizeBytes > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + sizeBytes));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    return this.#bytes;
  }
}

/** Reads what {@link SnapshotWriter} wrote; every method throws `record-tampered` where the bytes don't fit. */
export class SnapshotReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array, kind: SnapshotKind) {
    assertLittleEndian();
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isRight = this.count() === magic && this.count() === layoutVersion && this.count() === kinds[kind];
    if (!isRight) throw snapshotInvalid();
  }

  count(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  number(): number {
    return this.#bytes.readDoubleLE(this.#take(numberBytes));
  }

  /** A time up to which nothing is kept: −∞ as long as nothing was forgotten. */
  horizon(): number {
    const value = this.number();
    if (value !== Number.NEGATIVE_INFINITY && !Number.isFinite(value)) throw snapshotInvalid();
    return value;
  }

  text(): string {
    const size = this.count();
    const from = this.#take(size);
    return this.#bytes.toString('utf8', from, from + size);
  }

  /** @param group their count is a multiple of it */
  numbers(group: number): Float64Array {
    const count = this.count();
    if (count % group !== 0) throw snapshotInvalid();
    const from = this.#take(count * numberBytes);
    // Copied, as a view of float64 must begin at a multiple of 8.
    const copy = new Float64Array(count);
    new Uint8Array(copy.buffer).set(this.#bytes.subarray(from, from + copy.byteLength));
    return copy;
  }

  assertEnd(): void {
    if (this.#position !== this.#bytes.length) throw snapshotInvalid();
  }

  #take(sizeBytes: number): number {
    const from = this.#position;
    if (from + sizeBytes > this.#bytes.length) throw snapshotInvalid();
    this.#position += sizeBytes;
    return from;
  }
}

export function snapshotInvalid(): IntegrityError {
  return new IntegrityError('record-tampered', {
    message: 'a snapshot of transaction windows is damaged or of another version',
    remedy: 'Delete the snapshot: the windows are rebuilt from the log, as far as it reaches back.',
  });
}

/** Numbers are copied as they lie in memory; all processors that Node 24 runs on but one keep them little-endian. */
function assertLittleEndian(): void {
  if (endianness() !== 'LE') throw new Error('snapshots of windows need a little-endian processor');
}
