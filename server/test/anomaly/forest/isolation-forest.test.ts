import { describe, expect, test } from 'vitest';
import { float32Above } from '../../../src/anomaly/forest/float32-bound.ts';
import {
  averagePathLength,
  exactAveragePathLength,
  growForest,
  growTree,
  planForest,
} from '../../../src/anomaly/forest/index.ts';
import { MersenneTwister } from '../../../src/anomaly/forest/mersenne-twister.ts';

const rowOf = (index: number) => index;

/** A round cloud with one point far out in its second column. */
function cloudWithOutlier(rows: number) {
  const random = new MersenneTwister(7);
  const uniform = () => random.bits32() / 2 ** 32;
  const values = Float32Array.from({ length: rows * 3 }, () => uniform() + uniform() + uniform() - 1.5);
  values[1] = 25;
  return { values, rows, width: 3 };
}

function scores(matrix: ReturnType<typeof cloudWithOutlier>, seed: number) {
  const forest = growForest(planForest(matrix.rows, seed), matrix, { rowOf });
  const contributions = forest.contributions(matrix);
  return Array.from(forest.score(matrix), (score, row) => ({
    score,
    contributions: [...contributions.subarray(row * matrix.width, (row + 1) * matrix.width)],
  }));
}

describe('isolation forest', () => {
  test('scores an outlier above 0.6, all others below it and most of them below 0.5', () => {
    const [outlier, ...others] = scores(cloudWithOutlier(256), 1).map(({ score }) => score);
    expect(outlier).toBeGreaterThan(0.6);
    expect(Math.max(...others)).toBeLessThan(outlier ?? 0);
    expect(others.filter((score) => score < 0.5).length).toBeGreaterThan(150);
  });

  test('credits the column that isolates', () => {
    const contributions = scores(cloudWithOutlier(1_000), 1)[0]?.contributions ?? [];
    const total = contributions.reduce((sum, value) => sum + value, 0);
    expect((contributions[1] ?? 0) / total).toBeGreaterThan(0.6);
  });

  test('repeats itself with the same seed and not with another', () => {
    const matrix = cloudWithOutlier(500);
    expect(scores(matrix, 3)).toEqual(scores(matrix, 3));
    expect(scores(matrix, 3)).not.toEqual(scores(matrix, 4));
  });

  test('scores each row by itself, however many stand beside it', () => {
    const matrix = cloudWithOutlier(1_501);
    const forest = growForest(planForest(matrix.rows, 1), matrix, { rowOf });
    const all = forest.score(matrix);
    for (const row of [0, 1, 2, 3, 4, 1_363, 1_364, 1_365, 1_498, 1_499, 1_500]) {
      const values = matrix.values.slice(row * 3, row * 3 + 3);
      expect(forest.score({ values, rows: 1, width: 3 })[0]).toBe(all[row]);
    }
  });

  test('scores equal rows 0.5, however many there are', () => {
    for (const rows of [1, 2, 300]) {
      const matrix = { values: new Float32Array(rows * 2).fill(4), rows, width: 2 };
      const forest = growForest(planForest(rows, 1), matrix, { rowOf });
      for (const score of forest.score(matrix)) expect(score).toBeCloseTo(0.5, 6);
    }
  });

  test('takes values that lie a ten-millionth apart for equal, as scikit-learn does', () => {
    const isolated = (other: number) => {
      const matrix = { values: Float32Array.from([0, 0, 0, other]), rows: 4, width: 1 };
      return growForest(planForest(4, 1), matrix, { rowOf }).score(matrix)[3] as number;
    };
    expect(isolated(1e-7)).toBeCloseTo(0.5, 6);
    expect(isolated(3e-7)).toBeGreaterThan(0.6);
  });
});

describe('a column with known levels', () => {
  // Column 0 is 1 in all rows that the tree is grown on; column 1 varies.
  const rows = 64;
  const values = Float32Array.from({ length: 2 * rows }, (_, cell) => (cell % 2 === 0 ? 1 : cell));
  const grown = () => Uint32Array.from({ length: rows }, (_, row) => row);
  const levels = [Float32Array.of(1, 12), undefined];

  test('isolates a value that none of the rows has', () => {
    const lengthOf = (first: number, known?: typeof levels) => {
      const trees = Array.from({ length: 50 }, (_, seed) => growTree({ values, rows, width: 2 }, grown(), seed, known));
      return trees.reduce((sum, tree) => sum + lengthFrom(tree, [first, 61]), 0) / trees.length;
    };
    expect(lengthOf(12)).toBe(lengthOf(1));
    expect(lengthOf(12, levels)).toBeLessThan(3);
    expect(lengthOf(1, levels)).toBeGreaterThan(5);
  });

  test('is split between two levels once only', () => {
    const tree = growTree({ values, rows, width: 2 }, grown(), 4, levels);
    const splitsOnWay = (node: number, count: number): number => {
      if (node >= tree.column.length) return count;
      const own = count + Number(tree.column[node] === 0 && Number.isFinite(tree.threshold[node]));
      return Math.max(splitsOnWay(2 * node + 1, own), splitsOnWay(2 * node + 2, own));
    };
    expect(splitsOnWay(0, 0)).toBe(1);
  });
});

function lengthFrom(tree: ReturnType<typeof growTree>, row: readonly number[]): number {
  let node = 0;
  while (node < tree.column.length) {
    node = 2 * node + ((row[tree.column[node] as number] as number) < (tree.threshold[node] as number) ? 1 : 2);
  }
  return tree.pathLength[node - tree.column.length] as number;
}

test('averagePathLength is c(n) of the paper', () => {
  expect([0, 1, 2].map(averagePathLength)).toEqual([0, 0, 1]);
  // 2 (ln 255 + γ) − 2 · 255 / 256, and with 2 H(255)
  expect(averagePathLength(256)).toBeCloseTo(10.244_77, 5);
  expect(exactAveragePathLength(256)).toBeCloseTo(10.248_69, 5);
});

test.each([0, 1, -1, 0.1, -0.1, 1e-50, -1e-50, 16_777_217, 3.4e38, -3.4e38])(
  'x < float32Above(%d) says x <= it of every float32 around',
  (bound) => {
    const above = float32Above(bound);
    expect(Math.fround(above)).toBe(above);
    for (const step of [-2, -1, 0, 1, 2]) {
      const x = Math.fround(bound + step * Math.abs(bound) * 2 ** -23);
      expect(x < above).toBe(x <= bound);
    }
  },
);
