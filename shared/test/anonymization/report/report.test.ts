import { describe, expect, test } from 'vitest';
import {
  anonymize,
  anonymizeOptimally,
  type EncodedColumn,
  generalizationOf,
  inversePopulationSize,
  riskOf,
  utilityOf,
} from '../../../src/anonymization/index.ts';
import { encodeRows } from '../encode.ts';

describe('utility', () => {
  test('is nothing lost where nothing is generalized', () => {
    const columns = encodeRows([
      ['1', 'a'],
      ['1', 'a'],
      ['2', 'b'],
      ['2', 'b'],
    ]);
    expect(utilityOf(anonymize({ columns, k: 2 }), columns)).toEqual({
      loss: 0,
      nonUniformEntropy: 0,
      discernibility: 8,
      averageClassSize: 2,
    });
  });

  test('counts suppressed records as wholly lost', () => {
    const columns = encodeRows([['1'], ['1'], ['1'], ['9']]);
    const generalizations = columns.map((column) => generalizationOf(column, { kind: 'suppress' }));
    const result = anonymizeOptimally({ generalizations, k: 2, suppressionLimit: 0.25 });
    const utility = utilityOf(result, columns);
    expect(utility).toMatchObject({ loss: 0.25, discernibility: 9 + 4, averageClassSize: 3 });
    expect(utility.loss).toBeCloseTo(result.cost, 12);
    // Three values that three of four have: 3·log2(4/3) + 2 bits in all, of which the last record's two are lost.
    expect(utility.nonUniformEntropy).toBeCloseTo(2 / (3 * Math.log2(4 / 3) + 2), 12);
  });

  test('of ranges is what they take up of the column', () => {
    const columns = encodeRows(['0', '2', '8', '10'].map((value) => [value]));
    const utility = utilityOf(anonymize({ columns, k: 2 }), columns);
    expect(utility.loss).toBeCloseTo(0.2, 12);
    expect(utility.nonUniformEntropy).toBeCloseTo(0.5, 12);
  });

  test('agrees with the cost of the objective', () => {
    const rows = Array.from({ length: 200 }, (_, index) => [String((index * 37) % 90), `g${(index * 7) % 5}`]);
    const columns = encodeRows(rows);
    const generalizations = columns.map((column) => generalizationOf(column));
    for (const suppressionLimit of [0, 0.2]) {
      const byLoss = anonymizeOptimally({ generalizations, k: 4, suppressionLimit });
      expect(utilityOf(byLoss, columns).loss).toBeCloseTo(byLoss.cost, 12);
      const objective = 'non-uniform-entropy';
      const byEntropy = anonymizeOptimally({ generalizations, k: 4, suppressionLimit, objective });
      expect(utilityOf(byEntropy, columns).nonUniformEntropy).toBeCloseTo(byEntropy.cost, 12);
    }
  });
});

describe('risk', () => {
  test('is one over the size of classes', () => {
    expect(riskOf([2, 8])).toEqual({
      prosecutor: { highest: 0.5, average: 0.2, atRisk: 0.2 },
      journalist: { highest: 0.5, atRisk: 0.2 },
      marketer: 0.2,
    });
    expect(riskOf([])).toMatchObject({ prosecutor: { highest: 0 }, marketer: 0 });
  });

  test.each([
    [1, 0.5],
    [1, 0.01],
    [2, 0.1],
    [5, 0.3],
    [20, 0.05],
  ])('of a class of %i in a sample of %f is the mean over what the population may be', (size, fraction) => {
    // F − f is negative binomial: the chance of F is that of the one before times (F − 1)(1 − p) / (F − f).
    let chance = fraction ** size;
    let mean = chance / size;
    for (let people = size + 1; people < 100_000; people += 1) {
      chance *= ((people - 1) * (1 - fraction)) / (people - size);
      mean += chance / people;
    }
    expect(inversePopulationSize(size, fraction)).toBeCloseTo(mean, 9);
  });

  test('falls with the population', () => {
    const risks = [10, 100, 10_000].map((population) => riskOf([2, 8], { population }).journalist.highest);
    expect(risks[0]).toBeCloseTo(0.5, 12);
    expect(risks.toSorted((a, b) => b - a)).toEqual(risks);
  });
});

test('a column of one value loses nothing that there was', () => {
  const columns = encodeRows([['x'], ['x']]) as EncodedColumn[];
  expect(utilityOf(anonymize({ columns, k: 2 }), columns).nonUniformEntropy).toBe(0);
});
