import { describe, expect, test } from 'vitest';
import {
  chanceOfAtLeast,
  chanceOfAtMost,
  countBeyond,
  incompleteBeta,
} from '../../../src/anomaly/templates/count-distribution.ts';

/** Chances of 0, 1, 2 … by the recurrence of the negative binomial distribution. */
function chances(mean: number, variance: number, count: number): number[] {
  const shape = (mean * mean) / (variance - mean);
  const p = shape / (shape + mean);
  const found = [p ** shape];
  for (let k = 1; k < count; k += 1) found.push(((found[k - 1] as number) * (k - 1 + shape) * (1 - p)) / k);
  return found;
}

describe('counts to expect', () => {
  test.each([
    [0.01, 0.02],
    [2, 2.5],
    [10, 40],
    [55, 1_000],
  ])('mean %s and variance %s: tails are the sums of their chances', (mean, variance) => {
    const exact = chances(mean, variance, 4_000);
    for (const count of [1, 3, 20, 120]) {
      const below = exact.slice(0, count).reduce((sum, chance) => sum + chance, 0);
      const from = exact.slice(count).reduce((sum, chance) => sum + chance, 0);
      expect(chanceOfAtMost(count - 1, { mean, variance })).toBeCloseTo(below, 9);
      const tail = chanceOfAtLeast(count, { mean, variance });
      if (from > 1e-290) expect(Math.abs(tail / from - 1)).toBeLessThan(1e-8);
    }
  });

  test('with the variance of the mean it is all but a Poisson distribution', () => {
    // 1 − e^−4 (1 + 4 + 8 + 32/3 + 32/3 + 128/15)
    expect(chanceOfAtLeast(6, { mean: 4, variance: 4 })).toBeCloseTo(0.214_869_6, 3);
  });

  test('the count beyond is the first whose chance is small enough', () => {
    for (const [mean, variance] of [
      [0.2, 0.3],
      [12, 30],
      [400, 5_000],
    ] as const) {
      const count = countBeyond(1e-6, { mean, variance });
      expect(chanceOfAtLeast(count, { mean, variance })).toBeLessThan(1e-6);
      expect(chanceOfAtLeast(count - 1, { mean, variance })).toBeGreaterThanOrEqual(1e-6);
    }
  });

  test('known values of the incomplete beta function', () => {
    expect(incompleteBeta(0.3, 1, 1)).toBeCloseTo(0.3, 11);
    expect(incompleteBeta(0.5, 7, 7)).toBeCloseTo(0.5, 11);
    expect(incompleteBeta(0.2, 2, 3)).toBeCloseTo(0.1808, 11);
    expect(incompleteBeta(0, 2, 3)).toBe(0);
    expect(incompleteBeta(1, 2, 3)).toBe(1);
  });
});
