import { describe, expect, test } from 'vitest';
import {
  drawDiscreteGaussian,
  drawDiscreteLaplace,
  noiseFor,
  type PrivacyParameters,
  parseDecimal,
  uniformBelow,
} from '../../../src/anonymization/privacy/index.ts';
import { chiSquareScore, deviationOf, kolmogorovSmirnov, meanOf } from './goodness-of-fit.ts';
import { seededSource } from './seeded-source.ts';

const drawCount = 10_000;
const drawn = (draw: () => bigint) => Array.from({ length: drawCount }, () => Number(draw()));
const decimal = (text: string) => parseDecimal(text) as NonNullable<ReturnType<typeof parseDecimal>>;
// Of a right sampler, one of 30,000 samples scores higher.
const scoreLimit = 4;

describe('uniform numbers', () => {
  test.each([1n, 2n, 3n, 10n, 37n])('below %i come up equally often', (bound) => {
    const random = seededSource(1);
    const draws = drawn(() => uniformBelow(random, bound));
    expect(Math.max(...draws)).toBe(Number(bound) - 1);
    if (bound > 1n)
      expect(chiSquareScore(draws, (value) => (value < 0 ? 0 : 1 / Number(bound)))).toBeLessThan(scoreLimit);
  });

  test('reach over several words', () => {
    const random = seededSource(2);
    const bound = 3n ** 60n;
    const draws = Array.from({ length: drawCount }, () => Number(uniformBelow(random, bound)) / Number(bound));
    expect(kolmogorovSmirnov(draws, (value) => value)).toBeLessThan(1.95);
  });
});

describe('the discrete Laplace distribution', () => {
  test.each([
    [1n, 3n],
    [1n, 1n],
    [7n, 2n],
    [20n, 1n],
  ])('of scale %i/%i', (numerator, denominator) => {
    const random = seededSource(3);
    const draws = drawn(() => drawDiscreteLaplace(random, { numerator, denominator }));
    const ratio = Math.exp(-Number(denominator) / Number(numerator));
    const score = chiSquareScore(draws, (value) => ((1 - ratio) / (1 + ratio)) * ratio ** Math.abs(value));
    expect(score).toBeLessThan(scoreLimit);
  });

  test('is that of Laplace where the scale is large', () => {
    const random = seededSource(4);
    const draws = drawn(() => drawDiscreteLaplace(random, { numerator: 10n ** 9n, denominator: 7n }));
    const scale = 1e9 / 7;
    const cumulative = (x: number) => (x < 0 ? Math.exp(x / scale) / 2 : 1 - Math.exp(-x / scale) / 2);
    expect(kolmogorovSmirnov(draws, cumulative)).toBeLessThan(1.95);
  });
});

describe('the discrete Gaussian distribution', () => {
  test.each([1n, 2n, 9n, 400n])('of variance %i', (variance) => {
    const random = seededSource(5);
    const draws = drawn(() => drawDiscreteGaussian(random, variance));
    const weight = (value: number) => Math.exp((-value * value) / (2 * Number(variance)));
    const total = Array.from({ length: 801 }, (_, index) => weight(index - 400)).reduce((sum, value) => sum + value);
    expect(chiSquareScore(draws, (value) => weight(value) / total)).toBeLessThan(scoreLimit);
  });
});

describe('noise', () => {
  const parameters: [string, PrivacyParameters][] = [
    ['Laplace, epsilon 1', { noise: 'laplace', epsilon: decimal('1') }],
    ['Laplace, epsilon 0.1', { noise: 'laplace', epsilon: decimal('0.1') }],
    ['Gaussian, epsilon 0.5', { noise: 'gaussian', epsilon: decimal('0.5'), delta: decimal('1e-6') }],
    ['Gaussian, rho 0.05', { noise: 'gaussian', rho: decimal('0.05') }],
  ];
  test.each(parameters)('of %s errs by what theory says, within 5 %% over 10,000 draws', (_, given) => {
    for (const sensitivity of given.noise === 'laplace' ? [1n, 3n, 1n << 20n] : [1n << 20n, 3n << 20n]) {
      const noise = noiseFor(given, sensitivity);
      const random = seededSource(6);
      const draws = drawn(() => noise.draw(random));
      expect(deviationOf(draws) / noise.deviation).toBeCloseTo(1, 1);
      expect(Math.abs(deviationOf(draws) / noise.deviation - 1)).toBeLessThan(0.05);
      const ratio = Math.exp(-1 / noise.scale);
      const meanError =
        noise.kind === 'laplace' ? (2 * ratio) / (1 - ratio ** 2) : noise.scale * Math.sqrt(2 / Math.PI);
      expect(Math.abs(meanOf(draws.map(Math.abs)) / meanError - 1)).toBeLessThan(0.05);
      expect(Math.abs(meanOf(draws))).toBeLessThan((4 * noise.deviation) / Math.sqrt(drawCount));
    }
  });

  test.each(parameters)('of %s exceeds its bound as often as said', (_, given) => {
    const noise = noiseFor(given, 1n << 20n);
    const random = seededSource(7);
    const bound = noise.bound(0.05);
    const beyond = drawn(() => noise.draw(random)).filter((value) => Math.abs(value) > bound).length;
    expect(Math.abs(beyond / drawCount - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / drawCount));
  });

  test('of a small scale has the least bound that holds', () => {
    for (const epsilon of ['0.3', '1', '3']) {
      const noise = noiseFor({ noise: 'laplace', epsilon: decimal(epsilon) }, 1n);
      const ratio = Math.exp(-Number(epsilon));
      const beyond = (steps: number) => (2 * ratio ** (steps + 1)) / (1 + ratio);
      for (const probability of [0.5, 0.1, 0.05, 0.001]) {
        const bound = noise.bound(probability);
        expect(beyond(bound)).toBeLessThanOrEqual(probability);
        if (bound > 0) expect(beyond(bound - 1)).toBeGreaterThan(probability);
      }
    }
  });

  test('refuses what would be none', () => {
    expect(() => noiseFor({ noise: 'laplace', epsilon: decimal('0') }, 1n)).toThrow(RangeError);
    expect(() => noiseFor({ noise: 'gaussian', epsilon: decimal('1'), delta: decimal('0.5') }, 1n << 20n)).toThrow(
      RangeError,
    );
    expect(() => noiseFor({ noise: 'gaussian', epsilon: decimal('1'), delta: decimal('1e-6') }, 1n)).toThrow(
      RangeError,
    );
  });
});
