import { describe, expect, test } from 'vitest';
import { growForest, planForest } from '../../src/anomaly/isolation-forest.ts';
import { averagePathLength } from '../../src/anomaly/path-length.ts';
import { sampleIndices, seededRandom } from '../../src/anomaly/seeded-random.ts';

/** A round cloud with one point far out in its second column. */
function cloudWithOutlier(rows: number) {
  const random = seededRandom(7);
  const bell = () => random() + random() + random() - 1.5;
  const values = Float32Array.from({ length: rows * 3 }, bell);
  values[1] = 25;
  return { values, rows, width: 3 };
}

function scores(matrix: ReturnType<typeof cloudWithOutlier>, seed: number) {
  const forest = growForest(planForest(matrix.rows, seed), matrix, (index) => index);
  const { scores: all, contributions } = forest.score(matrix);
  return Array.from(all, (score, row) => ({
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

  test('scores equal rows 0.5, however many there are', () => {
    for (const rows of [1, 2, 300]) {
      const matrix = { values: new Float32Array(rows * 2).fill(4), rows, width: 2 };
      const forest = growForest(planForest(rows, 1), matrix, (index) => index);
      for (const score of forest.score(matrix).scores) expect(score).toBeCloseTo(0.5, 6);
    }
  });

  test('splits values that float32 can hardly tell apart', () => {
    const close = Math.fround(1 + 2 ** -23);
    const matrix = { values: Float32Array.from([1, 1, 1, close]), rows: 4, width: 1 };
    const forest = growForest(planForest(4, 1), matrix, (index) => index);
    const [usual = 1, , , odd = 0] = forest.score(matrix).scores;
    expect(odd).toBeGreaterThan(usual);
  });
});

test('averagePathLength is c(n) of the paper', () => {
  expect(averagePathLength(0)).toBe(0);
  expect(averagePathLength(1)).toBe(0);
  expect(averagePathLength(2)).toBe(1);
  // 2 H(255) − 2 · 255 / 256
  expect(averagePathLength(256)).toBeCloseTo(10.248_69, 5);
});

describe('sampleIndices', () => {
  test('draws different numbers below the bound', () => {
    const sample = sampleIndices(1_000, 256, seededRandom(5));
    expect(new Set(sample).size).toBe(256);
    expect(Math.max(...sample)).toBeLessThan(1_000);
  });

  test('draws all of them where there are no more', () => {
    expect([...sampleIndices(5, 5, seededRandom(5))].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test('prefers none', () => {
    const random = seededRandom(11);
    const hits = new Uint32Array(10);
    for (let draw = 0; draw < 10_000; draw += 1) {
      for (const index of sampleIndices(10, 3, random)) hits[index] = (hits[index] as number) + 1;
    }
    for (const count of hits) expect(Math.abs(count - 3_000)).toBeLessThan(250);
  });
});
