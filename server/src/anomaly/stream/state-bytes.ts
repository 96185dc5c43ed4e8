import { endianness } from 'node:os';
import { IntegrityError } from '@sdp/shared/errors';

/** "SDPF" and the version of the layout. */
const magic = 0x5344_5046;
const layoutVersion = 1;

type Numbers = Float32Array | Float64Array | Uint32Array;

/** Writes the state of a detector: numbers and arrays of numbers as they lie in memory, texts behind their length. */
export class StateWriter {
  #bytes = Buffer.alloc(65_536);
  #length = 0;

  constructor() {
    if (endianness() !== 'LE') throw new Error('states of detectors need a little-endian processor');
    this.count(magic);
    this.count(layoutVersion);
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

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.count() !== magic || this.count() !== layoutVersion) throw stateInvalid();
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
  return new IntegrityError('record-tampered', { message: 'A stored state of a detector cannot be read' });
}
