import { describe, expect, test } from 'vitest';
import { gaussianDelta, gaussianRatio } from '../../../src/anonymization/privacy/index.ts';
import {
  normalQuantileOfTail,
  normalTail,
  scaledErfc,
} from '../../../src/anonymization/privacy/normal-distribution.ts';

/** The definition itself: the integral over max(p − exp(ε)·q, 0), by Simpson's rule. */
function integratedDelta(ratio: number, epsilon: number): number {
  const density = (x: number) => Math.exp((-x * x) / (2 * ratio * ratio)) / (ratio * Math.sqrt(2 * Math.PI));
  // p is centred at 1, q at 0; p outweighs exp(ε)·q from here on.
  const start = epsilon * ratio * ratio + 0.5;
  const end = start + 40 * ratio;
  const intervals = 100_000;
  const width = (end - start) / intervals;
  let sum = 0;
  for (let index = 0; index <= intervals; index += 1) {
    const x = start + index * width;
    const weight = index === 0 || index === intervals ? 1 : index % 2 === 1 ? 4 : 2;
    sum += weight * (density(x - 1) - Math.exp(epsilon) * density(x));
  }
  return (sum * width) / 3;
}

describe('analytic calibration of Gaussian noise', () => {
  test.each([
    [0.7, 0.1],
    [0.7, 3],
    [1, 1],
    [4, 0.5],
    [4, 1],
    [30, 0.1],
    [0.3, 8],
  ])('gives the delta of the definition for sigma %d and epsilon %d', (ratio, epsilon) => {
    const exact = integratedDelta(ratio, epsilon);
    expect(Math.abs(gaussianDelta(ratio, epsilon) / exact - 1)).toBeLessThan(1e-7);
  });

  test.each([
    [0.001, 1e-9],
    [0.1, 1e-6],
    [1, 1e-5],
    [5, 1e-10],
    [20, 1e-15],
  ])('finds the least sigma for epsilon %d and delta %d', (epsilon, delta) => {
    const ratio = gaussianRatio(epsilon, delta);
    expect(gaussianDelta(ratio, epsilon)).toBeLessThanOrEqual(delta);
    expect(gaussianDelta(ratio * 0.995, epsilon)).toBeGreaterThan(delta);
  });

  test('needs less noise than the classical formula where that one holds', () => {
    for (const epsilon of [0.1, 0.5, 0.99]) {
      expect(gaussianRatio(epsilon, 1e-6)).toBeLessThan(Math.sqrt(2 * Math.log(1.25e6)) / epsilon);
    }
  });
});

describe('the normal distribution', () => {
  test('has the tails of the tables', () => {
    // Abramowitz and Stegun, table 26.1 and 26.2
    for (const [x, tail] of [
      [0, 0.5],
      [1, 0.15865525393145707],
      [2, 0.0227501319481792],
      [3, 0.0013498980316300946],
      [5, 2.866515718791939e-7],
      [10, 7.619853024160527e-24],
      [-1, 0.8413447460685429],
    ] as const) {
      expect(Math.abs(normalTail(x) / tail - 1)).toBeLessThan(1e-12);
    }
  });

  test('is inverted', () => {
    expect(normalQuantileOfTail(0.025)).toBeCloseTo(1.959963984540054, 10);
    expect(normalQuantileOfTail(0.005)).toBeCloseTo(2.5758293035489, 10);
  });

  test('is continuous where the series gives way to the fraction', () => {
    expect(Math.abs(scaledErfc(2 - 1e-12) / scaledErfc(2) - 1)).toBeLessThan(1e-11);
  });
});
