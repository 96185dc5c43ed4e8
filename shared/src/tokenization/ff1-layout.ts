/** AES in ECB mode without padding over whole 16-byte blocks, with the key inside; given in from outside. */
export type BlockEncryptor = (blocks: Uint8Array) => Uint8Array;

/** What is the same for all texts of one length under one radix and tweak; names as in NIST SP 800-38G. */
export interface Ff1Layout {
  readonly radix: number;
  /** n: numerals of a text. */
  readonly length: number;
  /** u: numerals of the left half, the smaller one. */
  readonly left: number;
  /** v: numerals of the right half. */
  readonly right: number;
  /** b: bytes that hold a number of v numerals. */
  readonly numberBytes: number;
  /** d: bytes of the pseudorandom function's output that are used. */
  readonly outputBytes: number;
  /** CBC-MAC over P and over all whole blocks of Q that hold neither the round's number nor the half. */
  readonly chained: Uint8Array;
  /** What of the tweak and its padding stands in the blocks of Q that come then. */
  readonly tail: Uint8Array;
  /** Whether the halves and all that is computed with them fit numbers; see `fastRounds`. */
  readonly fitsNumbers: boolean;
}

export const blockBytes = 16;
export const roundCount = 10;

/** Halves below this take part in `half * 2^16 + digit` without rounding. */
const largestFastHalf = 2 ** 37;

export function layoutOf(radix: number, length: number, tweak: Uint8Array, encryptBlocks: BlockEncryptor): Ff1Layout {
  const left = Math.floor(length / 2);
  const right = length - left;
  const modulus = BigInt(radix) ** BigInt(right);
  const numberBytes = Math.ceil((modulus - 1n).toString(2).length / 8);
  const outputBytes = 4 * Math.ceil(numberBytes / 4) + 4;

  const first = new Uint8Array(blockBytes);
  first.set([1, 2, 1, radix >> 16, (radix >> 8) & 255, radix & 255, roundCount, left % 256]);
  const view = new DataView(first.buffer);
  view.setUint32(8, length);
  view.setUint32(12, tweak.length);

  const padding = (((-tweak.length - numberBytes - 1) % blockBytes) + blockBytes) % blockBytes;
  const fixed = new Uint8Array(tweak.length + padding);
  fixed.set(tweak);
  const wholeBlocks = Math.floor(fixed.length / blockBytes);
  let chained = encryptBlocks(first);
  for (let i = 0; i < wholeBlocks; i += 1) {
    const block = fixed.subarray(i * blockBytes, (i + 1) * blockBytes);
    chained = encryptBlocks(block.map((byte, j) => byte ^ (chained[j] ?? 0)));
  }
  return {
    radix,
    length,
    left,
    right,
    numberBytes,
    outputBytes,
    chained: Uint8Array.from(chained),
    tail: fixed.slice(wholeBlocks * blockBytes),
    // With P and Q's fixed part chained, one block more must do for Q, and one for the output.
    fitsNumbers: modulus < BigInt(largestFastHalf) && outputBytes <= blockBytes,
  };
}
