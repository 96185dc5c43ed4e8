/** Where random numbers come from. For anything that is released it has to be a cryptographic generator. */
export interface RandomSource {
  /** Uniform from 0 to 2³² − 1, independent of all before. */
  uint32(): number;
}

/** Uniform from 0 to `bound` − 1, exactly: draws that would make some numbers likelier than others are drawn again. */
export function uniformBelow(random: RandomSource, bound: bigint): bigint {
  if (bound <= 0n) throw new RangeError('The bound has to be positive.');
  const bits = bitLength(bound - 1n);
  if (bits === 0) return 0n;
  for (;;) {
    let drawn = 0n;
    let left = bits;
    for (; left > 32; left -= 32) drawn = (drawn << 32n) | BigInt(random.uint32());
    drawn = (drawn << BigInt(left)) | BigInt(random.uint32() >>> (32 - left));
    if (drawn < bound) return drawn;
  }
}

function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const digits = value.toString(16);
  return digits.length * 4 + 28 - Math.clz32(Number.parseInt(digits.charAt(0), 16));
}
