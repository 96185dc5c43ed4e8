import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aucDifference,
  aucInterval,
  type LabelledScores,
  pairedAucDifference,
} from '../../../src/models/statistics/auc-rules.ts';
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
