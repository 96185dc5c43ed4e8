import { type RandomSource, uniformBelow } from './random-source.ts';

/** True with probability `numerator / denominator`, exactly. */
export function bernoulli(random: RandomSource, numerator: bigint, denominator: bigint): boolean {
  return uniformBelow(random, denominator) < numerator;
}

/**
 * True with probability exp(−`numerator / denominator`), exactly and with integers alone: algorithm 1 of Canonne, Kamath
 * and Steinke, "The Discrete Gaussian for Differential Privacy", NeurIPS 2020 (arXiv:2004.00010).
 *
 * @param numerator from 0 on
 */
export function bernoulliExp(random: RandomSource, numerator: bigint, denominator: bigint): boolean {
  for (let whole = numerator / denominator; whole > 0n; whole -= 1n) {
    if (!bernoulliExpBelowOne(random, 1n, 1n)) return false;
  }
  return bernoulliExpBelowOne(random, numerator % denominator, denominator);
}

function bernoulliExpBelowOne(random: RandomSource, numerator: bigint, denominator: bigint): boolean {
  let turns = 1n;
  while (bernoulli(random, numerator, denominator * turns)) turns += 1n;
  return turns % 2n === 1n;
}
