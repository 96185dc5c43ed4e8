import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { hasTestData, readTestJson, testDataPath } from '../../../test/support/test-data.ts';
import { growForest, planForest } from '../../src/anomaly/isolation-forest.ts';
import { prAuc, rocAuc } from './ranking-metrics.ts';

const seeds = [0, 1, 2, 3, 4];
const present = hasTestData('anom-adbench-csv') && hasTestData('labels', 'reference_scores.json');

const referenceSchema = z.object({
  isolation_forest: z.record(z.string(), z.object({ roc_auc: z.number(), pr_auc: z.number() })),
});

test('the metrics are what they are called', () => {
  const positive = [false, true, false, true];
  expect(rocAuc([0.1, 0.4, 0.35, 0.8], positive)).toBe(1);
  expect(rocAuc([1, 1, 1, 1], positive)).toBe(0.5);
  expect(prAuc([0.1, 0.4, 0.35, 0.3], positive)).toBeCloseTo((1 + 2 / 3) / 2, 12);
});

describe.skipIf(!present)('on the ADBench files of the shared test data (skipped where absent)', () => {
  const reference = present ? referenceSchema.parse(readTestJson('labels', 'reference_scores.json')) : undefined;
  const differences = Object.entries(reference?.isolation_forest ?? {}).map(([file, expected]) => {
    const { matrix, outlier } = readOutlierSet(testDataPath('anom-adbench-csv', file));
    const runs = seeds.map((seed) => {
      const forest = growForest(planForest(matrix.rows, seed), matrix, (index) => index);
      const { scores } = forest.score(matrix);
      return { roc: rocAuc(scores, outlier), pr: prAuc(scores, outlier) };
    });
    const { roc, pr } = { roc: mean(runs.map((run) => run.roc)), pr: mean(runs.map((run) => run.pr)) };
    return { file, roc: roc - expected.roc_auc, pr: pr - expected.pr_auc };
  });

  test('ranks outliers as scikit-learn’s forest does, on average within 0.01', () => {
    expect(differences).toHaveLength(16);
    expect(Math.abs(mean(differences.map(({ roc }) => roc)))).toBeLessThan(0.01);
    expect(Math.abs(mean(differences.map(({ pr }) => pr)))).toBeLessThan(0.01);
  });

  // One run of either forest varies by some hundredths on small files.
  test.each(differences)('and on $file within 0.05', ({ roc, pr }) => {
    expect(Math.abs(roc)).toBeLessThan(0.05);
    expect(Math.abs(pr)).toBeLessThan(0.05);
  });
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A header, then rows of numbers of which the last is 1 for an outlier. */
function readOutlierSet(file: string) {
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trim().split('\n').slice(1);
  const rows = lines.map((line) => line.split(',').map(Number));
  const width = (rows[0]?.length ?? 1) - 1;
  const values = Float32Array.from(rows.flatMap((row) => row.slice(0, width)));
  return { matrix: { values, rows: rows.length, width }, outlier: rows.map((row) => row[width] === 1) };
}
