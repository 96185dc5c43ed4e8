/** Numbers that are the same for the same seed, on any machine. */
export interface SeededRandom {
  /** Even in [0, 1). */
  next(): number;
  between(low: number, high: number): number;
  /** A whole number in [0, count). */
  index(count: number): number;
  /** Normal. */
  normal(mean: number, deviation: number): number;
  /** Time to the next of events that come `rate` times a unit on average. */
  exponential(rate: number): number;
  hex(bytes: number): string;
}

/** sfc32 (C. Doty-Humphrey, PractRand; public domain), seeded by its first outputs being thrown away. */
export function seededRandom(seed: number): SeededRandom {
  let [a, b, c, counter] = [seed | 0, (seed / 2 ** 32) | 0, 0x9e37_79b9 | 0, 1];
  const bits = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 20; i++) bits();
  const next = () => bits() / 2 ** 32;
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    index: (count) => Math.floor(next() * count),
    normal: (mean, deviation) =>
      // Box and Muller, 1958.
      mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
    exponential: (rate) => -Math.log(1 - next()) / rate,
    hex: (bytes) => Array.from({ length: bytes }, () => (bits() & 0xff).toString(16).padStart(2, '0')).join(''),
  };
}
