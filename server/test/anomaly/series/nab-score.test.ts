import { describe, expect, test } from 'vitest';
import { nabScore, probation } from '../../../../bench/nab-score.ts';

// Windows as in the benchmark's description: the reward of a hit falls from 1 at the beginning to 0 at the end.
const samples = 2_000;
const windows = [{ from: 1_000, to: 1_099 }];
const score = (...detections: number[]) => nabScore([{ samples, windows, detections }]);

describe('score of the Numenta Anomaly Benchmark', () => {
  test('who says nothing has 0, who marks the beginning 100', () => {
    expect(score()).toBe(0);
    expect(score(1_000)).toBeCloseTo(100, 10);
  });

  test('the earlier in the window the better, and only the first counts', () => {
    expect(score(1_050)).toBeLessThan(score(1_010));
    expect(score(1_099)).toBeGreaterThan(50);
    expect(score(1_010, 1_020, 1_090)).toBe(score(1_010));
  });

  test('a false alarm costs 0.11 before any window, next to nothing right after one, and all of it far from it', () => {
    expect(score(1_000, 500)).toBeCloseTo(100 - 100 * (0.11 / 2), 10);
    expect(score(1_000, 1_100)).toBeGreaterThan(99);
    expect(score(1_000, 1_900)).toBeCloseTo(100 - 100 * (0.11 / 2), 10);
  });

  test('the first 15 % are not judged', () => {
    expect(probation(samples)).toBe(300);
    expect(probation(20_000)).toBe(750);
    expect(score(1_000, 299)).toBeCloseTo(100, 10);
  });
});
