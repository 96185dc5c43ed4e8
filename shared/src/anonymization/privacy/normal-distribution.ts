/**
 * exp(x²)·erfc(x) for x ≥ 0, with a relative error below 10⁻¹³: a Taylor series of erf near zero, the continued fraction of
 * Laplace elsewhere (Abramowitz and Stegun, 7.1.6 and 7.1.14).
 */
export function scaledErfc(x: number): number {
  if (x < 2) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > sum * 1e-17; n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return Math.exp(x * x) - (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = x;
  for (let n = 200; n > 0; n -= 1) fraction = x + n / 2 / fraction;
  return 1 / (Math.sqrt(Math.PI) * fraction);
}

/** Probability that a standard normal variable exceeds `x`; accurate far out in the upper tail. */
export function normalTail(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const tail = 0.5 * Math.exp(-z * z) * scaledErfc(z);
  return x >= 0 ? tail : 1 - tail;
}

/**
 * The `x` that a standard normal variable exceeds with probability `tail`.
 *
 * @param tail above 0, at most ½
 */
export function normalQuantileOfTail(tail: number): number {
  let low = 0;
  let high = 40;
  for (let step = 0; step < 100; step += 1) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > tail) low = middle;
    else high = middle;
  }
  return high;
}
