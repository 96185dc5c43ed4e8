/** Beyond this the negative binomial is as good as a Poisson distribution. */
const largestShape = 1e4;

/** How many lines to expect in a bucket: a negative binomial distribution, given by its mean and variance. */
export interface CountDistribution {
  readonly mean: number;
  /** At least the mean. */
  readonly variance: number;
}

/** Chance of `count` or more. */
export function chanceOfAtLeast(count: number, { mean, variance }: CountDistribution): number {
  if (count <= 0) return 1;
  const shape = shapeOf(mean, variance);
  return incompleteBeta(mean / (shape + mean), count, shape);
}

/** Chance of `count` or fewer. */
export function chanceOfAtMost(count: number, { mean, variance }: CountDistribution): number {
  const shape = shapeOf(mean, variance);
  return incompleteBeta(shape / (shape + mean), shape, count + 1);
}

/** The smallest count whose chance of being reached is below `chance`. */
export function countBeyond(chance: number, distribution: CountDistribution): number {
  let high = Math.max(1, Math.ceil(distribution.mean));
  while (chanceOfAtLeast(high, distribution) >= chance && high < 1e9) high *= 2;
  let low = Math.floor(high / 2);
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (chanceOfAtLeast(middle, distribution) < chance) high = middle;
    else low = middle;
  }
  return high;
}

function shapeOf(mean: number, variance: number): number {
  return Math.min(largestShape, (mean * mean) / Math.max(variance - mean, 1e-12));
}

/**
 * Regularized incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22) with Lentz's method; 10 digits
 * and more for the arguments that occur here.
 */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  // The fraction converges quickly on this side only.
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(
    logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x) - Math.log(a),
  );
  const tiny = 1e-300;
  const kept = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let step = 1; step < 5_000; step += 1) {
    const even = (step * (b - step) * x) / ((a + 2 * step - 1) * (a + 2 * step));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + step) * (a + b + step) * x) / ((a + 2 * step) * (a + 2 * step + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-13) break;
  }
  return front * fraction;
}

/** Logarithm of the gamma function for x > 0: Stirling's series after moving x beyond 10 (DLMF 5.11.1). */
function logGamma(x: number): number {
  let shift = 0;
  let at = x;
  while (at < 10) {
    shift -= Math.log(at);
    at += 1;
  }
  const square = 1 / (at * at);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1_260 - square / 1_680))) / at;
  return shift + (at - 0.5) * Math.log(at) - at + 0.5 * Math.log(2 * Math.PI) + series;
}
