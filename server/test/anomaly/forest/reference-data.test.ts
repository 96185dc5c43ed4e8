import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { readOutlierSet } from '../../../../test/support/outlier-set.ts';
import { prAuc, rocAuc } from '../../../../test/support/ranking-metrics.ts';
import { hasTestData, readTestJson, testDataPath } from '../../../../test/support/test-data.ts';
import { growForest, planForest } from '../../../src/anomaly/forest/index.ts';

/** Over which the reference is the mean. */
const seeds = [0, 1, 2];
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

  // Rounded to four digits there.
  test.each(Object.entries(reference?.isolation_forest ?? {}))(
    'ranks the outliers of %s as scikit-learn’s forest does',
    (file, expected) => {
      const { matrix, outlier } = readOutlierSet(testDataPath('anom-adbench-csv', file));
      const runs = seeds.map((seed) => {
        const forest = growForest(planForest(matrix.rows, seed), matrix, { rowOf: (index) => index });
        const scores = forest.score(matrix);
        return { roc: rocAuc(scores, outlier), pr: prAuc(scores, outlier) };
      });
      const mean = (of: (run: (typeof runs)[number]) => number) =>
        runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
      expect(Math.abs(mean(({ roc }) => roc) - expected.roc_auc)).toBeLessThan(1e-4);
      expect(Math.abs(mean(({ pr }) => pr) - expected.pr_auc)).toBeLessThan(1e-4);
    },
  );
});
