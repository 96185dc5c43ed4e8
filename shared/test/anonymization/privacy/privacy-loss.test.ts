import { describe, expect, test } from 'vitest';
import {
  type Decimal,
  type PrivateStatistic,
  parseDecimal,
  privateCount,
  privateHistogram,
  privateMean,
  privateQuantiles,
  privateSum,
} from '../../../src/anonymization/privacy/index.ts';
import { seededSource } from './seeded-source.ts';

const runs = 20_000;
const decimal = (text: string) => parseDecimal(text) as Decimal;
const options = { recordsPerPerson: 1, confidence: 0.95 };
const bounds = { lower: 0, upper: 10 };
const epsilon = 0.5;
const laplace = { noise: 'laplace', epsilon: decimal('0.5') } as const;
const gaussian = { noise: 'gaussian', epsilon: decimal('0.5'), delta: decimal('0.001') } as const;

/** The first number of many answers about the same cells, sorted. */
function sample(statistic: PrivateStatistic, cells: readonly string[], seed: number): readonly number[] {
  const random = seededSource(seed);
  const aggregate = statistic.aggregate();
  for (const cell of cells) aggregate.add(cell);
  return Array.from({ length: runs }, () => aggregate.release(random)[0]?.value ?? 0).sort((a, b) => a - b);
}

/**
 * How far the frequencies of events tell two samples apart beyond exp(ε)·q + δ, in standard errors. The events are all
 * half-lines between values: by the lemma of Neyman and Pearson the most telling ones, where noise has one peak.
 */
function worstExcess(left: readonly number[], right: readonly number[], delta: number): number {
  const share = (values: readonly number[], limit: number) => {
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[middle] as number) < limit) low = middle + 1;
      else high = middle;
    }
    return low / values.length;
  };
  let worst = Number.NEGATIVE_INFINITY;
  const limits = [...left, ...right].filter((_, index) => index % 50 === 0);
  for (const limit of limits) {
    for (const [a, b] of [
      [left, right],
      [right, left],
    ] as const) {
      for (const [p, q] of [
        [share(a, limit), share(b, limit)],
        [1 - share(a, limit), 1 - share(b, limit)],
      ] as const) {
        const error = Math.sqrt((p * (1 - p) + Math.exp(2 * epsilon) * q * (1 - q)) / runs + 1 / runs ** 2);
        worst = Math.max(worst, (p - Math.exp(epsilon) * q - delta) / error);
      }
    }
  }
  return worst;
}

const cells = ['1', '4', '4.5', '9', '7'];
const statistics: [string, PrivateStatistic, number][] = [
  ['count', privateCount(laplace, options), 0],
  ['count with Gaussian noise', privateCount(gaussian, options), 0.001],
  ['sum', privateSum(bounds, laplace, options), 0],
  ['sum with Gaussian noise', privateSum(bounds, gaussian, options), 0.001],
  ['mean', privateMean(bounds, laplace, options), 0],
  ['histogram', privateHistogram({ kind: 'edges', edges: [5, 10] }, laplace, options), 0],
  ['median', privateQuantiles([decimal('0.5')], bounds, decimal('0.5'), options), 0],
  ['upper quantile', privateQuantiles([decimal('0.8')], bounds, decimal('0.5'), options), 0],
];

describe('the answers about data with and without one person', () => {
  test.each(statistics)('%s: are as hard to tell apart as epsilon says', (_, statistic, delta) => {
    const without = sample(statistic, cells, 31);
    const withOne = sample(statistic, [...cells, '10'], 32);
    expect(worstExcess(without, withOne, delta)).toBeLessThan(4.5);
  });

  test('are told apart by this check where a statistic has half the noise it needs', () => {
    const tooLittle = privateCount({ noise: 'laplace', epsilon: decimal('1') }, options);
    expect(worstExcess(sample(tooLittle, cells, 33), sample(tooLittle, [...cells, '10'], 34), 0)).toBeGreaterThan(10);
    const quantile = privateQuantiles([decimal('0.5')], bounds, decimal('3'), options);
    expect(worstExcess(sample(quantile, cells, 35), sample(quantile, [...cells, '10'], 36), 0)).toBeGreaterThan(10);
  });

  test('of a person with three records are, where so many were declared', () => {
    const statistic = privateCount(laplace, { ...options, recordsPerPerson: 3 });
    const withThree = sample(statistic, [...cells, '1', '2', '3'], 37);
    expect(worstExcess(sample(statistic, cells, 38), withThree, 0)).toBeLessThan(4.5);
  });
});
