import { scoringResultSchema } from '@sdp/shared/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bandOf, fillFeatures, locateFeatures, scoringResult } from '../../src/scoring/scoring-rules.ts';
import { firstFeatureModel, shippedCard } from './model.ts';

const features = (...names: string[]) => firstFeatureModel(names).card.features;

describe('locateFeatures', () => {
  test('prefers the exact name to one in other case', () => {
    expect([...locateFeatures(features('AGE'), ['age', 'AGE', 'Age'])]).toEqual([1]);
  });

  test('falls back to another case and blanks around the name', () => {
    expect([...locateFeatures(features('LIMIT_BAL', 'PAY_0'), ['id', 'pay_0', ' Limit_Bal '])]).toEqual([2, 1]);
  });

  test('takes none where the fallback is ambiguous', () => {
    expect([...locateFeatures(features('AGE'), ['age', 'Age'])]).toEqual([-1]);
  });

  test('gives no column to two features', () => {
    expect([...locateFeatures(features('AGE', 'age'), ['AGE'])]).toEqual([0, -1]);
  });

  test('is not fooled by names of object properties', () => {
    expect([...locateFeatures(features('constructor', '__proto__'), ['id', '__proto__'])]).toEqual([-1, 1]);
  });
});

describe('fillFeatures', () => {
  test.each([
    ['', Number.NaN],
    [null, Number.NaN],
    [undefined, Number.NaN],
    ['n/a', Number.NaN],
    ['1,000', Number.NaN],
    ['0x10', Number.NaN],
    ['Infinity', Number.NaN],
    ['1e39', Number.NaN],
    ['1e400', Number.NaN],
    [true, Number.NaN],
    ['tok_0123456789abcdef0123456789abcdef', Number.NaN],
    ['  7 ', 7],
    ['-2', -2],
    ['+1.5', 1.5],
    ['.5', 0.5],
    ['2e3', 2000],
    [3, 3],
    [Number.NaN, Number.NaN],
  ])('reads %o as %d', (cell, expected) => {
    const matrix = new Float32Array(2);
    const present = fillFeatures(matrix, 1, [cell], Int32Array.of(0));
    expect(matrix[1]).toBe(expected);
    expect(present).toBe(Number.isNaN(expected) ? 0 : 1);
  });

  test('takes any text without throwing and keeps to its row', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const matrix = new Float32Array(3).fill(9);
        fillFeatures(matrix, 1, [text], Int32Array.of(0));
        expect(Number.isFinite(matrix[1]) || Number.isNaN(matrix[1])).toBe(true);
        expect([matrix[0], matrix[2]]).toEqual([9, 9]);
      }),
    );
  });
});

describe('bandOf', () => {
  const { bands } = shippedCard();
  test.each([
    [0, 'low'],
    [bands.medium_from - 1e-6, 'low'],
    [bands.medium_from, 'medium'],
    [bands.high_from - 1e-6, 'medium'],
    [bands.high_from, 'high'],
    [1, 'high'],
  ])('puts %d in %s', (score, band) => {
    expect(bandOf(score, bands)).toBe(band);
  });
});

describe('scoringResult', () => {
  const { card } = firstFeatureModel(['a', 'b', 'c', 'd']);

  test('scores at exactly half of the features', () => {
    const result = scoringResult({ seq: 1, key: 'k', present: 2, prediction: 0.6 }, card);
    expect(result).toEqual({
      seq: 1,
      key: 'k',
      status: 'scored',
      score: 0.6,
      band: 'high',
      feature_coverage: 0.5,
      model_version: 'first-feature-1.2.3',
    });
  });

  test('gives neither score nor band below half', () => {
    const result = scoringResult({ seq: 1, key: null, present: 1, prediction: 0.6 }, card);
    expect(result).toMatchObject({ status: 'insufficient_features', score: null, band: null, feature_coverage: 0.25 });
  });

  test('bands the score that is shown', () => {
    const result = scoringResult({ seq: 1, key: 'k', present: 4, prediction: Math.fround(0.2) - 1e-9 }, card);
    expect(result).toMatchObject({ score: 0.2, band: 'medium' });
  });

  test('always fits the contract', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4 }),
        fc.double({ min: -0.1, max: 1.1, noNaN: true }),
        (present, prediction) => {
          scoringResultSchema.parse(scoringResult({ seq: 3, key: 7, present, prediction }, card));
        },
      ),
    );
  });
});
