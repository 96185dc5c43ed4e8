import { endianness } from 'node:os';
import { IntegrityError } from '@sdp/shared/errors';

/** "SDPA". */
const magic = 0x5344_5041;

/** What a state is of, and in which layout: other bytes are refused. */
export interface StateForm {
  readonly kind: number;
  readonly layout: number;
}

type Numbers = Float32Array | Float64Array | Uint32Array;

/** Writes the state of a detector or of rules: counts of 32 bits and float64 in little-endian, arrays of numbers, and texts in UTF-8, behind their length. */
export class StateWriter {
  #bytes = Buffer.alloc(4_096);
  #length = 0;

  constructor({ kind, layout }: StateForm) {
    if (endianness() !== 'LE') throw new Error('states of detectors need a little-endian processor');
    this.count(magic);
    this.count(kind);
    this.count(layout);
  }

  count(value: number): void {
    this.#length = this.#room(4).writeUInt32LE(value, this.#length);
  }

  number(value: number): void {
    this.#length = this.#room(8).writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    const bytes = Buffer.from(value);
    this.count(bytes.length);
    this.#room(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
  }

  array(values: Numbers): void {
    this.count(values.length);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    this.#room(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
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

/** Reads what {@link StateWriter} wrote; every method throws `record-tampered` where the bytes don't fit. */
export class StateReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array, { kind, layout }: StateForm) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.count() !== magic || this.count() !== kind || this.count() !== layout) throw stateInvalid();
  }

  /** @param most larger counts are refused */
  count(most = 0xffff_ffff): number {
    const value = this.#bytes.readUInt32LE(this.#take(4));
    if (value > most) throw stateInvalid();
    return value;
  }

  number(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  text(): string {
    const size = this.count();
    const from = this.#take(size);
    return this.#bytes.toString('utf8', from, from + size);
  }

  floats(length: number): Float32Array {
    return new Float32Array(this.#array(length, 4));
  }

  doubles(length: number): Float64Array {
    return new Float64Array(this.#array(length, 8));
  }

  assertEnd(): void {
    if (this.#position !== this.#bytes.length) throw stateInvalid();
  }

  /** A copy that begins where typed arrays may. */
  #array(length: number, unit: number): ArrayBuffer {
    if (this.count() !== length) throw stateInvalid();
    const from = this.#take(length * unit);
    const copy = new Uint8Array(length * unit);
    copy.set(this.#bytes.subarray(from, from + copy.length));
    return copy.buffer;
  }

  #take(sizeBytes: number): number {
    const from = this.#position;
    if (from + sizeBytes > this.#bytes.length) throw stateInvalid();
    this.#position += sizeBytes;
    return from;
  }
}

export function stateInvalid(): IntegrityError {
  return new IntegrityError('record-tampered', {
    message: 'a snapshot of the state of rules or detectors is damaged or of another version',
    remedy: 'Delete the snapshot: the state is rebuilt from the log, as far as it is needed.',
  });
}
