import type { Batch } from './batch.ts';
import { digestBytes } from './format.ts';

/**
 * Tokens and tails of many values, as one parameter of a statement: the loop over them runs inside SQLite instead of
 * crossing into it per token. The statement takes them apart with {@link sql} over `temp.seq s`.
 */
export class TokenPack {
  /** Tokens that one statement takes. */
  readonly capacity: number;
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#bytes = Buffer.alloc(capacity * digestBytes);
    this.#words = new Uint32Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.length / 4);
  }

  /** An SQL expression for bytes of the digest at `s.i` in the parameter `:pack`. */
  sql(offset: number, length: number): string {
    return `substr(:pack, s.i * ${digestBytes} + ${offset + 1}, ${length})`;
  }

  /** The digests at these positions. Valid until the next call. */
  fill(batch: Batch, positions: Uint32Array): Buffer {
    const words = new Uint32Array(batch.digests.buffer);
    const perDigest = digestBytes / 4;
    let to = 0;
    for (const position of positions) {
      const from = position * perDigest;
      for (let i = 0; i < perDigest; i++) this.#words[to++] = words[from + i] ?? 0;
    }
    return this.#bytes;
  }
}
