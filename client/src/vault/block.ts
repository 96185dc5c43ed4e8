import { tokenBytes } from './format.ts';

/**
 * The plaintext of a block, opened: a count (one byte), the tokens (16 bytes each), the values' lengths (LEB128), the
 * values (UTF-8), one after another. An erased entry has a token of zeros and no value; values are never empty. Since the tokens are inside, the seal binds each value to its token.
 */
export class OpenedBlock {
  readonly count: number;
  readonly #plaintext: Buffer;
  readonly #ends: Uint32Array;

  private constructor(plaintext: Buffer, count: number, ends: Uint32Array) {
    this.count = count;
    this.#plaintext = plaintext;
    this.#ends = ends;
  }

  /** @returns `undefined` if the bytes are no block */
  static parse(plaintext: Buffer): OpenedBlock | undefined {
    const count = plaintext[0] ?? 0;
    const lengthsAt = 1 + count * tokenBytes;
    const ends = new Uint32Array(count + 1);
    let at = lengthsAt;
    let total = 0;
    for (let i = 0; i < count; i++) {
      let length = 0;
      let shift = 1;
      let byte: number;
      do {
        byte = plaintext[at++] ?? 0;
        length += (byte & 0x7f) * shift;
        shift *= 128;
      } while (byte >= 0x80);
      total += length;
      ends[i + 1] = total;
    }
    if (count === 0 || at + total !== plaintext.length) return undefined;
    for (let i = 0; i <= count; i++) ends[i] = (ends[i] ?? 0) + at;
    return new OpenedBlock(plaintext, count, ends);
  }

  /** Size in memory, near enough. */
  get sizeBytes(): number {
    return this.#plaintext.length + this.#ends.byteLength + 200;
  }

  token(slot: number): Uint8Array {
    return this.#plaintext.subarray(1 + slot * tokenBytes, 1 + (slot + 1) * tokenBytes);
  }

  /** Whether a slot holds the value of this token. */
  holds(slot: number, token: Uint8Array): boolean {
    if (slot >= this.count) return false;
    const at = 1 + slot * tokenBytes;
    return this.#plaintext.compare(token, 0, tokenBytes, at, at + tokenBytes) === 0;
  }

  /** Whether a slot's entry was erased. Its place stays, since the others are found by theirs. */
  isErased(slot: number): boolean {
    return this.#ends[slot] === this.#ends[slot + 1];
  }

  /** Whether a slot holds this value, given as bytes. */
  valueEquals(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (slot >= this.count) return false;
    return this.#plaintext.compare(bytes, start, end, this.#ends[slot], this.#ends[slot + 1]) === 0;
  }

  value(slot: number): string {
    return this.#plaintext.toString('utf8', this.#ends[slot], this.#ends[slot + 1]);
  }
}

/** Bytes that a length takes in a block. */
export function lengthSize(length: number): number {
  let size = 1;
  for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 128)) size++;
  return size;
}

/** Writes a length in LEB128. @returns the offset behind it */
export function writeLength(target: Uint8Array, offset: number, length: number): number {
  let at = offset;
  let rest = length;
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  target[at++] = rest;
  return at;
}
