import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binCount, binOf, edgeDistance, stabilityIndex } from '../../src/quality/distribution-rules.ts';
import type { DistributionBins } from '../../src/quality/expectation.ts';

const edges: DistributionBins = { kind: 'edges', edges: [0, 10, 20] };

describe('bins', () => {
  it('hold each value once', () => {
    const bin = binOf(edges);
    const cells = [null, '', undefined, 'x', -1, '-0.5', 0, '9.99', 10, 19, 20, 1e9];
    expect(cells.map(bin)).toEqual([0, 0, 0, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    expect(binCount(edges)).toBe(6);
    const byName = binOf({ kind: 'categories', categories: ['a', '2'] });
    expect(['a', 2, 'z', null].map(byName)).toEqual([2, 3, 1, 0]);
  });

  it('of a hash are all used, and the same for the same value', () => {
    const bins: DistributionBins = { kind: 'buckets', buckets: 16 };
    const counts = Array.from({ length: binCount(bins) }, () => 0);
    for (let n = 0; n < 16_000; n += 1) {
      const bin = binOf(bins)(`tok_${n}`);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    expect(counts.slice(0, 2)).toEqual([0, 0]);
    for (const count of counts.slice(2)) expect(Math.abs(count - 1_000)).toBeLessThan(250);
  });
});

describe('the population stability index', () => {
  it('is what its definition gives', () => {
    // (0.6 − 0.5)·ln(0.6 / 0.5) + (0.4 − 0.5)·ln(0.4 / 0.5)
    const exact = 0.1 * Math.log(1.2) - 0.1 * Math.log(0.8);
    // (3.5 − 1.5) / 5 · ln(3.5 / 1.5), twice: half a record is in each bin beside those counted.
    expect(stabilityIndex([3, 1], [1, 3])).toBeCloseTo(0.8 * Math.log(7 / 3), 12);
    expect(stabilityIndex([6_000_000, 4_000_000], [5_000_000, 5_000_000])).toBeCloseTo(exact, 6);
  });

  it('is finite, never negative, symmetric, and zero for the same counts', () => {
    const counts = fc.array(fc.nat(1_000), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(counts, counts, (now, before) => {
        const index = stabilityIndex(now, before);
        expect(Number.isFinite(index)).toBe(true);
        expect(index).toBeGreaterThanOrEqual(0);
        expect(stabilityIndex(before, now)).toBeCloseTo(index, 10);
        expect(stabilityIndex(now, now)).toBe(0);
      }),
    );
  });
});

describe('the distance of Kolmogorov and Smirnov', () => {
  const countsOf = (values: readonly number[]) => {
    const counts = Array.from({ length: binCount(edges) }, () => 0);
    for (const value of values) {
      const bin = binOf(edges)(value);
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
    return counts;
  };
  /** By its definition, looked at just below each edge. */
  const naive = (a: readonly number[], b: readonly number[]) =>
    Math.max(
      ...[0, 10, 20].map((edge) =>
        Math.abs(
          a.filter((value) => value < edge).length / a.length - b.filter((value) => value < edge).length / b.length,
        ),
      ),
    );

  it('is that of the definition at the edges', () => {
    const values = fc.array(fc.integer({ min: -10, max: 40 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        expect(edgeDistance(countsOf(a), countsOf(b))).toBeCloseTo(naive(a, b), 10);
      }),
    );
  });

  it('is one where one of the two has no numbers', () => {
    expect(edgeDistance([5, 5, 0, 0, 0, 0], countsOf([1]))).toBe(1);
    expect(edgeDistance([5, 5, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0])).toBe(0);
  });
});
