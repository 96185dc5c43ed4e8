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
  type RandomSource,
} from '../../../src/anonymization/privacy/index.ts';
import { deviationOf, meanOf } from './goodness-of-fit.ts';
import { seededSource } from './seeded-source.ts';

const decimal = (text: string) => parseDecimal(text) as Decimal;
const options = { recordsPerPerson: 1, confidence: 0.95 };
const laplace = (epsilon: string) => ({ noise: 'laplace', epsilon: decimal(epsilon) }) as const;
const gaussian = (epsilon: string, delta: string) =>
  ({ noise: 'gaussian', epsilon: decimal(epsilon), delta: decimal(delta) }) as const;

function answersOf(statistic: PrivateStatistic, cells: readonly (string | number)[], random: RandomSource) {
  const aggregate = statistic.aggregate();
  for (const cell of cells) aggregate.add(String(cell));
  return aggregate.release(random);
}

/** Ages as a town has them. */
const ages = Array.from({ length: 1_000 }, (_, index) => (index * 37) % 90);

describe('counts', () => {
  test('err by what the noise says, within 5 % over 10,000 answers', () => {
    for (const [given, deviation] of [
      [laplace('0.5'), Math.sqrt(2 * Math.exp(-0.5)) / (1 - Math.exp(-0.5))],
      [gaussian('0.5', '1e-6'), Math.sqrt(8.0578 ** 2 + 1 / 12)],
    ] as const) {
      const random = seededSource(11);
      const statistic = privateCount(given, options);
      const values = Array.from({ length: 10_000 }, () => answersOf(statistic, ['a', 'b', 'c'], random)[0]?.value ?? 0);
      expect(values.every(Number.isInteger)).toBe(true);
      expect(Math.abs(meanOf(values) - 3)).toBeLessThan((4 * deviation) / 100);
      expect(Math.abs(deviationOf(values) / deviation - 1)).toBeLessThan(0.05);
    }
  });

  test('have more noise where a person may have more records', () => {
    const one = answersOf(privateCount(laplace('1'), options), [], seededSource(1))[0];
    const five = answersOf(privateCount(laplace('1'), { ...options, recordsPerPerson: 5 }), [], seededSource(1))[0];
    expect([one?.noise.scale, five?.noise.scale]).toEqual([1, 5]);
  });
});

describe('sums and means', () => {
  const bounds = { lower: 0, upper: 100 };

  test('have the noise of theory, within 5 % over 10,000 answers', () => {
    const random = seededSource(12);
    const statistic = privateSum(bounds, laplace('1'), options);
    const values = Array.from({ length: 10_000 }, () => answersOf(statistic, [50, 20], random)[0]?.value ?? 0);
    expect(Math.abs(meanOf(values) - 70)).toBeLessThan(4 * Math.SQRT2);
    expect(Math.abs(deviationOf(values) / (100 * Math.SQRT2) - 1)).toBeLessThan(0.05);
  });

  test('clamp what lies outside the bounds and leave out what is no number', () => {
    const [answer] = answersOf(privateSum(bounds, laplace('20'), options), [1e6, -1e6, 50, 'x', ''], seededSource(13));
    expect(Math.abs((answer?.value ?? 0) - 150)).toBeLessThan(100);
    const many = Array.from({ length: 5_000 }, (_, index) => (index % 2 === 0 ? 1e9 : 'none'));
    const [mean] = answersOf(privateMean(bounds, laplace('5'), options), many, seededSource(14));
    expect(mean?.value).toBeGreaterThan(99);
    expect(mean?.value).toBeLessThanOrEqual(100);
  });

  test('hold the exact value within their bounds as often as they say', () => {
    const exact = { sum: ages.reduce((sum, age) => sum + age, 0), mean: meanOf(ages) };
    for (const given of [laplace('0.5'), gaussian('0.5', '1e-6')]) {
      const random = seededSource(15);
      const within = { sum: 0, mean: 0 };
      const sum = privateSum(bounds, given, options).aggregate();
      const mean = privateMean(bounds, given, options).aggregate();
      for (const age of ages) {
        sum.add(String(age));
        mean.add(String(age));
      }
      for (let run = 0; run < 2_000; run += 1) {
        const [sumAnswer] = sum.release(random);
        const [meanAnswer] = mean.release(random);
        if (sumAnswer && sumAnswer.low <= exact.sum && exact.sum <= sumAnswer.high) within.sum += 1;
        if (meanAnswer && meanAnswer.low <= exact.mean && exact.mean <= meanAnswer.high) within.mean += 1;
      }
      expect(Math.abs(within.sum / 2_000 - 0.95)).toBeLessThan(0.02);
      // Both parts of a mean keep their bounds together at least as often.
      expect(within.mean / 2_000).toBeGreaterThan(0.94);
    }
  });

  test('of nothing have a mean that may be anything between the bounds', () => {
    const [mean] = answersOf(privateMean(bounds, laplace('0.1'), options), [], seededSource(16));
    expect(mean).toMatchObject({ low: 0, high: 100 });
  });

  test('cost what they were given, and no more', () => {
    expect(privateMean(bounds, laplace('0.3'), options).cost.approximate).toEqual({
      epsilon: decimal('0.3'),
      delta: 0n,
    });
    const cost = privateMean(bounds, gaussian('0.3', '1e-6'), options).cost.approximate;
    expect(cost).toEqual({ epsilon: decimal('0.3'), delta: decimal('1e-6') });
    const byRho = privateMean(bounds, { noise: 'gaussian', rho: decimal('0.01') }, options).cost;
    expect(byRho.approximate).toBeUndefined();
    expect(byRho.rho).toBeLessThanOrEqual(decimal('0.01'));
    expect(byRho.rho).toBeGreaterThan(decimal('0.00999'));
  });
});

describe('histograms', () => {
  test('count by edges, the last of which belongs to the last bin', () => {
    const statistic = privateHistogram({ kind: 'edges', edges: [0, 10, 20, 30] }, laplace('20'), options);
    const answers = answersOf(statistic, [-1, 0, 9.99, 10, 19, 20, 30, 31, 'x'], seededSource(17));
    expect(answers.map(({ label, value }) => [label, value])).toEqual([
      ['[0, 10)', 2],
      ['[10, 20)', 2],
      ['[20, 30]', 2],
    ]);
  });

  test('count the categories that were declared, seen or not', () => {
    const statistic = privateHistogram({ kind: 'categories', categories: ['a', 'b', 'c'] }, laplace('20'), options);
    const answers = answersOf(statistic, ['a', 'a', 'b', 'z'], seededSource(18));
    expect(answers.map(({ label, value }) => [label, value])).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 0],
    ]);
    expect(statistic.cost.approximate?.epsilon).toBe(decimal('20'));
  });

  test('refuse bins that are none', () => {
    for (const edges of [[], [1], [1, 1], [2, 1]]) {
      expect(() => privateHistogram({ kind: 'edges', edges }, laplace('1'), options)).toThrow(RangeError);
    }
    expect(() => privateHistogram({ kind: 'categories', categories: ['a', 'a'] }, laplace('1'), options)).toThrow(
      RangeError,
    );
  });
});

describe('quantiles', () => {
  const bounds = { lower: 0, upper: 100 };

  test('lie within the rank that they bound, as often as they say', () => {
    const random = seededSource(19);
    const statistic = privateQuantiles([decimal('0.5'), decimal('0.9')], bounds, decimal('1'), options);
    const values = ages.map((age, index) => age + (index % 10) / 10);
    const aggregate = statistic.aggregate();
    for (const value of values) aggregate.add(String(value));
    let within = 0;
    for (let run = 0; run < 300; run += 1) {
      const answers = aggregate.release(random);
      const near = answers.every(({ label, value, noise }) => {
        const below = values.filter((other) => other < value).length;
        const upTo = values.filter((other) => other <= value).length;
        const rank = Number(label) * values.length;
        return below - noise.scale <= rank && rank <= upTo + noise.scale;
      });
      if (near) within += 1;
    }
    expect(within / 300).toBeGreaterThan(0.93);
  });

  test('are near the exact ones where there is enough data', () => {
    const many = Array.from({ length: 20_000 }, (_, index) => (index * 7919) % 10_000);
    const statistic = privateQuantiles([decimal('0.25')], { lower: 0, upper: 20_000 }, decimal('1'), options);
    const [answer] = answersOf(statistic, many, seededSource(20));
    expect(Math.abs((answer?.value ?? 0) - 2_500)).toBeLessThan(60);
  });

  test('of nothing are anywhere between the bounds', () => {
    const random = seededSource(21);
    const aggregate = privateQuantiles([decimal('0.5')], bounds, decimal('1'), options).aggregate();
    const values = Array.from({ length: 2_000 }, () => aggregate.release(random)[0]?.value ?? 0);
    expect(Math.abs(meanOf(values) - 50)).toBeLessThan(3);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(100);
  });

  test('refuse what is no quantile', () => {
    for (const quantiles of [[], ['0'], ['1'], ['1.5']]) {
      expect(() => privateQuantiles(quantiles.map(decimal), bounds, decimal('1'), options)).toThrow(RangeError);
    }
  });
});
