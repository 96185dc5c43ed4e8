import type { RandomSource } from '../../../src/anonymization/privacy/index.ts';

/** A generator that gives the same numbers for the same seed: sfc32 of PractRand. For tests alone. */
export function seededSource(seed: number): RandomSource {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9, 0x243f6a88, 1];
  const uint32 = () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + result) | 0;
    return result >>> 0;
  };
  for (let turn = 0; turn < 16; turn += 1) uint32();
  return { uint32 };
}
