import { IntegrityError } from '@sdp/shared/errors';

/** "SDPA". */
const magic = 0x5344_5041;

/** Writes state: magic, a number for what it is, then counts of 32 bits and float64 in little-endian, and texts in UTF-8 behind their length. */
export class StateWriter {
  #bytes = Buffer.allocUnsafe(4_096);
  #length = 0;

  constructor(layout: number) {
    this.count(magic);
    this.count(layout);
  }

  count(value: number): void {
    this.#room(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  number(value: number): void {
    this.#room(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  text(value: string): void {
    // UTF-8 takes three bytes a unit at most.
    this.#room(4 + value.length * 3);
    const size = this.#bytes.write(value, this.#length + 4);
    this.#bytes.writeUInt32LE(size, this.#length);
    this.#length += 4 + size;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #room(sizeBytes: number): void {
    if (this.#length + sizeBytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + sizeBytes));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/** Reads what {@link StateWriter} wrote; every method throws {@link IntegrityError} `record-tampered` where the bytes don't fit. */
export class StateReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Uint8Array, layout: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.count() !== magic || this.count() !== layout) throw stateInvalid();
  }

  count(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  number(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  text(): string {
    const size = this.count();
    const from = this.#take(size);
    return this.#bytes.toString('utf8', from, from + size);
  }

  assertEnd(): void {
    if (this.#position !== this.#bytes.length) throw stateInvalid();
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
    message: 'a snapshot of the state of rules is damaged or of another version',
    remedy: 'Delete the snapshot: the state is rebuilt from the log, as far as it is needed.',
  });
}
