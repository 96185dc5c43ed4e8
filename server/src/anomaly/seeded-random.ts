/** Numbers evenly spread over [0, 1). */
export type Random = () => number;

/**
 * A repeatable stream of random numbers: xoshiro128** (Blackman and Vigna, 2018), its state filled from the seed by
 * SplitMix32. For sampling and trees; never for secrets.
 *
 * @param seed unsigned 32-bit integer
 */
export function seededRandom(seed: number): Random {
  let fill = seed >>> 0;
  const next32 = (): number => {
    fill = (fill + 0x9e37_79b9) | 0;
    let mixed = Math.imul(fill ^ (fill >>> 16), 0x21f0_aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a_2d97);
    return mixed ^ (mixed >>> 15);
  };
  let a = next32();
  let b = next32();
  let c = next32();
  let d = next32();
  return () => {
    const scrambled = Math.imul(b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return (result >>> 0) / 4_294_967_296;
  };
}

/** `count` different whole numbers below `bound` (Floyd's algorithm, CACM 30(9), 1987), in no meaningful order. */
export function sampleIndices(bound: number, count: number, random: Random): Uint32Array {
  const chosen = new Set<number>();
  for (let top = bound - count; top < bound; top += 1) {
    const pick = Math.floor(random() * (top + 1));
    chosen.add(chosen.has(pick) ? top : pick);
  }
  return Uint32Array.from(chosen);
}
