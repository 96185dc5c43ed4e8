import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aucDifference,
  aucInterval,
  type LabelledScores,
  pairedAucDifference,
} from '../../../src/models/statistics/auc-rules.ts';
import { effectivePairs, effectiveProportion } from '../../../src/models/statistics/cluster-rules.ts';
import { pairedDifference } from '../../../src/models/statistics/paired-rules.ts';
import { type Interval, newcombeDifference, wilsonInterval } from '../../../src/models/statistics/proportion-rules.ts';

interface Vectors {
  readonly wilson: readonly { readonly hits: number; readonly total: number; readonly interval: [number, number] }[];
  readonly newcombe: readonly {
    readonly a: [number, number];
    readonly b: [number, number];
    readonly interval: [number, number];
  }[];
  readonly paired: readonly {
    readonly counts: [number, number, number, number];
    readonly interval: [number, number];
  }[];
  readonly auc: readonly (LabelledScores & {
    readonly auc: number;
    readonly interval: [number, number];
    readonly other: LabelledScores;
    readonly difference: [number, number, number];
    readonly again: LabelledScores;
    readonly paired_difference: [number, number, number];
  })[];
  readonly clustered_rates: readonly {
    readonly clusters: readonly [number, number][];
    readonly interval: [number, number];
    readonly effect: number;
  }[];
  readonly clustered_pairs: readonly {
    readonly clusters: readonly [number, number, number, number][];
    readonly interval: [number, number];
  }[];
  readonly clustered_auc: readonly (LabelledScores & {
    readonly again: LabelledScores;
    readonly interval: [number, number];
    readonly paired_difference: [number, number, number];
    readonly widening: number;
  })[];
}

/** Made by make-vectors.py from other implementations. */
const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as Vectors;

function expectInterval(found: Interval | undefined, [low, high]: readonly [number, number], estimate?: number): void {
  expect(found?.low).toBeCloseTo(Math.max(-1, low), 10);
  expect(found?.high).toBeCloseTo(Math.min(1, high), 10);
  if (estimate !== undefined) expect(found?.estimate).toBeCloseTo(estimate, 10);
}

describe('intervals agree with other implementations', () => {
  it('of one rate', () => {
    for (const { hits, total, interval } of vectors.wilson) {
      expectInterval(wilsonInterval({ hits, total }), interval, hits / total);
    }
  });

  it('of the difference of two rates', () => {
    for (const { a, b, interval } of vectors.newcombe) {
      const found = newcombeDifference({ hits: a[0], total: a[1] }, { hits: b[0], total: b[1] });
      expectInterval(found, interval, a[0] / a[1] - b[0] / b[1]);
    }
  });

  it('of the difference of two rates on the same things', () => {
    for (const { counts, interval } of vectors.paired) {
      const [both, firstOnly, secondOnly, neither] = counts;
      expectInterval(pairedDifference({ both, firstOnly, secondOnly, neither }), interval);
    }
  });

  it('of areas under the ROC curve and their differences', () => {
    for (const each of vectors.auc) {
      expectInterval(aucInterval(each), each.interval, each.auc);
      const [estimate, low, high] = each.difference;
      expectInterval(aucDifference(each, each.other), [low, high], estimate);
      const [paired, pairedLow, pairedHigh] = each.paired_difference;
      expectInterval(pairedAucDifference(each, each.again), [pairedLow, pairedHigh], paired);
    }
  });
});

describe('intervals', () => {
  it('of Newcombe’s own example are those of his paper', () => {
    const found = newcombeDifference({ hits: 56, total: 70 }, { hits: 48, total: 80 });
    expect([found?.low.toFixed(4), found?.high.toFixed(4)]).toEqual(['0.0524', '0.3339']);
  });

  it('hold their estimate, lie within bounds, and turn around with their arguments', () => {
    const rate = fc
      .integer({ min: 1, max: 100_000 })
      .chain((total) => fc.record({ hits: fc.integer({ min: 0, max: total }), total: fc.constant(total) }));
    fc.assert(
      fc.property(rate, rate, (a, b) => {
        for (const found of [wilsonInterval(a), newcombeDifference(a, b)]) {
          expect(found).toBeDefined();
          if (found === undefined) return;
          expect(found.low).toBeLessThanOrEqual(found.estimate + 1e-12);
          expect(found.high).toBeGreaterThanOrEqual(found.estimate - 1e-12);
          expect(found.low).toBeGreaterThanOrEqual(-1);
          expect(found.high).toBeLessThanOrEqual(1);
        }
        expect(newcombeDifference(b, a)?.low).toBeCloseTo(-(newcombeDifference(a, b)?.high ?? 0), 12);
      }),
    );
  });

  it('are undefined without enough to go by', () => {
    expect(wilsonInterval({ hits: 0, total: 0 })).toBeUndefined();
    expect(newcombeDifference({ hits: 0, total: 0 }, { hits: 1, total: 2 })).toBeUndefined();
    expect(pairedDifference({ both: 0, firstOnly: 0, secondOnly: 0, neither: 0 })).toBeUndefined();
    const few = { frauds: [0.1], others: Array.from({ length: 50 }, (_, i) => i / 50) };
    expect(aucInterval(few)).toBeUndefined();
    expect(aucDifference(few, few)).toBeUndefined();
    expect(pairedAucDifference(few, few)).toBeUndefined();
  });
});

describe('with clusters, intervals agree with other implementations', () => {
  it('of one rate', () => {
    for (const { clusters, interval } of vectors.clustered_rates) {
      const counts = clusters.map(([hits, total]) => ({ hits, total }));
      expectInterval(wilsonInterval(effectiveProportion(counts)), interval);
    }
    expect(vectors.clustered_rates.some(({ effect }) => effect > 2)).toBe(true);
  });

  it('of differences of pairs', () => {
    for (const { clusters, interval } of vectors.clustered_pairs) {
      const counts = clusters.map(([both, firstOnly, secondOnly, neither]) => ({
        both,
        firstOnly,
        secondOnly,
        neither,
      }));
      expectInterval(pairedDifference(effectivePairs(counts)), interval);
    }
  });

  it('of areas under the ROC curve', () => {
    for (const each of vectors.clustered_auc) {
      expectInterval(aucInterval(each), each.interval);
      const [estimate, low, high] = each.paired_difference;
      expectInterval(pairedAucDifference(each, each.again), [low, high], estimate);
    }
    expect(vectors.clustered_auc.some(({ widening }) => widening > 1.5)).toBe(true);
  });

  it('where each thing is a cluster of its own they are what they are without', () => {
    const alone = Array.from({ length: 50 }, (_, i) => ({ hits: i % 5 === 0 ? 1 : 0, total: 1 }));
    // But for the factor 50 / 49 of a variance that is estimated.
    expect(effectiveProportion(alone).total).toBeCloseTo(49, 10);
    for (const each of vectors.auc) {
      const { frauds, others } = each;
      const clusters = { frauds: [...frauds.keys()], others: others.map((_, i) => frauds.length + i) };
      expectInterval(aucInterval({ frauds, others, clusters }), each.interval, each.auc);
    }
    expect(effectiveProportion([{ hits: 3, total: 9 }])).toEqual({ hits: 3, total: 9 });
    expect(effectiveProportion([])).toEqual({ hits: 0, total: 0 });
  });
});
