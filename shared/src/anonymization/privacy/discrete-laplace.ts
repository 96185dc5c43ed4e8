import { bernoulliExp } from './bernoulli-exp.ts';
import { type RandomSource, uniformBelow } from './random-source.ts';

/** A scale as a fraction of positive integers. */
export interface Scale {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/**
 * Draws an integer x with probability proportional to exp(−|x| / scale), the two-sided geometric distribution, exactly:
 * algorithm 2 of Canonne, Kamath and Steinke (arXiv:2004.00010). No floating-point number is involved, whose rounding would
 * let exact values be told from the noise (Mironov, "On Significance of the Least Significant Bits for Differential
 * Privacy", CCS 2012).
 */
export function drawDiscreteLaplace(random: RandomSource, { numerator, denominator }: Scale): bigint {
  for (;;) {
    const low = uniformBelow(random, numerator);
    if (!bernoulliExp(random, low, numerator)) continue;
    let high = 0n;
    while (bernoulliExp(random, 1n, 1n)) high += 1n;
    const size = (low + numerator * high) / denominator;
    const isNegative = random.uint32() >>> 31 === 1;
    // Zero would come up twice as often as it should.
    if (isNegative && size === 0n) continue;
    return isNegative ? -size : size;
  }
}
