import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { float32Above } from '../../../src/anomaly/forest/float32-bound.ts';
import {
  averagePathLength,
  growForest,
  growTrees,
  type Matrix,
  planForest,
} from '../../../src/anomaly/forest/index.ts';

// make-vectors.py makes them, and the tables that they are of in the same way.
const vectorsSchema = z.object({
  scikit_learn: z.string(),
  cases: z.array(
    z.object({
      rows: z.int(),
      seed: z.int(),
      sample_sums: z.array(z.int()),
      root_columns: z.array(z.int()),
      root_bounds: z.array(z.number()),
      nodes: z.tuple([z.int(), z.int()]),
      shown: z.array(z.int()),
      scores: z.array(z.number()),
      share_above_half: z.number(),
      offset_at_5_percent: z.number(),
    }),
  ),
});
const { cases } = vectorsSchema.parse(
  JSON.parse(readFileSync(new URL('scikit-learn-vectors.json', import.meta.url), 'utf8')),
);

const steps = [0.618033988749895, 0.414213562373095, 0.732050807568877, 0.23606797749979, 0.645751311064591] as const;

function table(rows: number): Matrix {
  const width = steps.length;
  const values = new Float32Array(rows * width);
  for (let row = 0; row < rows; row += 1) {
    const [a = 0, b = 0, c = 0, , e = 0] = steps.map((step) => ((row + 1) * step) % 1);
    values.set([a, 1 / (0.01 + b * b), Math.floor(c * 7), 3.25, e], row * width);
  }
  return { values, rows, width };
}

const rowOf = (index: number) => index;

describe.each(cases)('of $rows rows with seed $seed, scikit-learn', (expected) => {
  const matrix = table(expected.rows);
  const plan = planForest(expected.rows, expected.seed);

  test('draws the same samples', () => {
    expect(plan.samples.map((sample) => sample.reduce((sum, row) => sum + row, 0))).toEqual(expected.sample_sums);
  });

  test('grows the same trees', () => {
    const trees = growTrees(plan, matrix, { rowOf });
    // A root that isn't split has no column there and sends all to the first child here.
    const isSplit = (at: number) => (expected.root_columns[at] as number) >= 0;
    expect(trees.map(({ column }, at) => (isSplit(at) ? column[0] : -2))).toEqual(expected.root_columns);
    for (const [at, { threshold }] of trees.entries()) {
      if (isSplit(at)) expect(threshold[0]).toBe(float32Above(expected.root_bounds[at] as number));
      else expect(threshold[0]).toBe(Number.POSITIVE_INFINITY);
    }
    const nodes = [trees[0], trees.at(-1)].map((tree) => 2 * (tree?.threshold.filter(Number.isFinite).length ?? 0) + 1);
    expect(nodes).toEqual(expected.nodes);
  });

  test('gives the same scores', () => {
    const scores = growForest(plan, matrix, { rowOf }).score(matrix);
    for (const [at, row] of expected.shown.entries()) {
      expect(Math.abs((scores[row] as number) - (expected.scores[at] as number))).toBeLessThan(1e-12);
    }
    expect(scores.filter((score) => score > 0.5).length / expected.rows).toBeCloseTo(expected.share_above_half, 10);
  });
});

/** The path lengths of the definition: rows are sent down the splits and counted, node by node. */
function pathLengths(matrix: Matrix, sample: Uint32Array, tree: ReturnType<typeof growTrees>[number]): number[] {
  const valueAt = (row: number, column: number) => matrix.values[row * matrix.width + column] as number;
  const reach = (rows: readonly number[], of: number, node: number, level: number): number => {
    const bound = tree.threshold[node];
    if (bound === undefined || bound === Number.POSITIVE_INFINITY) return level + averagePathLength(rows.length);
    const column = tree.column[node] as number;
    const isBelow = (row: number) => valueAt(row, column) < bound;
    const below = isBelow(of);
    return reach(
      rows.filter((row) => isBelow(row) === below),
      of,
      2 * node + (below ? 1 : 2),
      level + 1,
    );
  };
  return Array.from({ length: matrix.rows }, (_, row) => reach([...sample], row, 0, 0));
}

test('path lengths are what counting the records of each node gives', () => {
  const matrix = table(300);
  const plan = planForest(300, 9);
  const trees = growTrees(plan, matrix, { rowOf });
  const sums = new Array<number>(matrix.rows).fill(0);
  for (const [at, tree] of trees.entries()) {
    const sample = plan.samples[at] as Uint32Array;
    for (const [row, length] of pathLengths(matrix, sample, tree).entries()) sums[row] = (sums[row] ?? 0) + length;
  }
  const scores = growForest(plan, matrix, { rowOf }).score(matrix);
  const expected = sums.map((sum) => 2 ** -(sum / 100 / averagePathLength(256)));
  for (const [row, score] of scores.entries()) expect(score).toBeCloseTo(expected[row] as number, 12);
});
