import { bernoulliExp } from './bernoulli-exp.ts';
import { drawDiscreteLaplace } from './discrete-laplace.ts';
import type { RandomSource } from './random-source.ts';

/**
 * Draws an integer x with probability proportional to exp(−x² / 2·variance), exactly: algorithm 3 of Canonne, Kamath and
 * Steinke (arXiv:2004.00010), which thins out a discrete Laplace distribution of about the same width.
 *
 * @param variance positive
 */
export function drawDiscreteGaussian(random: RandomSource, variance: bigint): bigint {
  const width = integerRoot(variance) + 1n;
  for (;;) {
    const drawn = drawDiscreteLaplace(random, { numerator: width, denominator: 1n });
    const size = drawn < 0n ? -drawn : drawn;
    // (|x| − variance / width)² / (2 · variance), as a fraction
    const distance = size * width - variance;
    if (bernoulliExp(random, distance * distance, 2n * variance * width * width)) return drawn;
  }
}

/** The square root of a positive integer, rounded down: Newton's method from above. */
export function integerRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
