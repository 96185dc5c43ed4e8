import { scaledErfc } from './normal-distribution.ts';

/**
 * The δ for which Gaussian noise of a standard deviation of `ratio` times the sensitivity is (ε, δ)-differentially private,
 * and for no smaller one: theorem 8 of Balle and Wang, "Improving the Gaussian Mechanism for Differential Privacy:
 * Analytical Calibration and Optimal Denoising", ICML 2018 (arXiv:1805.06530).
 */
export function gaussianDelta(ratio: number, epsilon: number): number {
  const low = epsilon * ratio - 1 / (2 * ratio);
  const high = epsilon * ratio + 1 / (2 * ratio);
  const z = high / Math.SQRT2;
  // exp(ε)·φ(high) = φ(low): taken out of both terms, so that neither overflows.
  const density = 0.5 * Math.exp((-low * low) / 2);
  if (low >= 0) return density * (scaledErfc(low / Math.SQRT2) - scaledErfc(z));
  return 1 - density * (scaledErfc(-low / Math.SQRT2) + scaledErfc(z));
}

/**
 * What is kept back of ε and, as a share, of δ. It pays for the errors of the computation above (relative, below 10⁻⁹) and
 * for sampling on a lattice: from continuous noise rounded to the lattice, discrete noise of a standard deviation of
 * s ≥ 2¹⁷ steps differs in probability by a factor of at most exp(9/s²) within 14 deviations, and less than 10⁻⁴³ lies
 * beyond.
 */
const slack = 1e-6;

/** Smallest standard deviation, in steps of the lattice, that {@link slack} allows for. */
export const leastDeviationSteps = 2 ** 17;

/**
 * The standard deviation, as a multiple of the sensitivity, of the least Gaussian noise that is (ε, δ)-differentially
 * private; by bisection, rounded up.
 *
 * @param epsilon from 10⁻³ to 20
 * @param delta from 10⁻¹⁵ to 10⁻³
 */
export function gaussianRatio(epsilon: number, delta: number): number {
  if (!(epsilon >= 1e-3 && epsilon <= 20)) throw new RangeError('Gaussian noise needs an epsilon from 0.001 to 20.');
  if (!(delta >= 1e-15 && delta <= 1e-3)) throw new RangeError('Gaussian noise needs a delta from 1e-15 to 0.001.');
  const wanted = delta * (1 - slack);
  let low = 2 ** -10;
  let high = 2 ** 30;
  while (high / low > 1 + 1e-12) {
    const middle = Math.sqrt(low * high);
    if (gaussianDelta(middle, epsilon - slack) > wanted) low = middle;
    else high = middle;
  }
  return high;
}
