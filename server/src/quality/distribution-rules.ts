import { type Cell, numberOfCell } from '@sdp/shared/contracts';
import type { DistributionBins } from './expectation.ts';

/** How many bins there are: one more than are declared for what is in none of them, and one for records without a value. */
export function binCount(bins: DistributionBins): number {
  if (bins.kind === 'edges') return bins.edges.length + 3;
  return (bins.kind === 'categories' ? bins.categories.length : bins.buckets) + 2;
}

/**
 * From a cell to the number of its bin. Bin 0 is for no value, bin 1 for a value that is in no other bin (no number, no
 * declared category); by edges, the rest are in ascending order.
 */
export function binOf(bins: DistributionBins): (cell: Cell | undefined) => number {
  if (bins.kind === 'edges') return (cell) => (isMissing(cell) ? 0 : edgeBin(bins.edges, numberOfCell(cell)));
  if (bins.kind === 'categories') {
    const places = new Map(bins.categories.map((category, index) => [category, index + 2]));
    return (cell) => (isMissing(cell) ? 0 : (places.get(String(cell)) ?? 1));
  }
  return (cell) => (isMissing(cell) ? 0 : 2 + (hashOf(String(cell)) % bins.buckets));
}

export function isMissing(cell: Cell | undefined): cell is undefined | null | '' {
  return cell === undefined || cell === null || cell === '';
}

/** Bin 2 is below the first edge; bin `2 + i` from edge `i − 1` up to, and without, edge `i`. */
function edgeBin(edges: readonly number[], value: number): number {
  if (Number.isNaN(value)) return 1;
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value >= (edges[middle] as number)) low = middle + 1;
    else high = middle;
  }
  return 2 + low;
}

/**
 * Population stability index, Σ (p − q)·ln(p / q) over the bins (Siddiqi, "Credit Risk Scorecards", 2005). Half a record is
 * added to each bin, so that an empty one gives no infinity.
 *
 * @param now counts, as many as of `before`
 */
export function stabilityIndex(now: readonly number[], before: readonly number[]): number {
  const [p, q] = [smoothed(now), smoothed(before)];
  return p.reduce((sum, share, bin) => sum + (share - (q[bin] as number)) * Math.log(share / (q[bin] as number)), 0);
}

/**
 * Statistic of Kolmogorov and Smirnov of two samples, as far as bins in ascending order tell: the largest distance of the two
 * cumulative shares at an edge. The true one is never smaller. 1 where one of the two holds no number and the other does.
 *
 * @param now counts by {@link binOf} with edges; those of the first two bins aren't numbers
 */
export function edgeDistance(now: readonly number[], before: readonly number[]): number {
  const [left, right] = [now.slice(2), before.slice(2)];
  const [all, allBefore] = [sum(left), sum(right)];
  if (all === 0 || allBefore === 0) return all === allBefore ? 0 : 1;
  let [below, belowBefore, worst] = [0, 0, 0];
  for (const [bin, count] of left.entries()) {
    below += count / all;
    belowBefore += (right[bin] as number) / allBefore;
    worst = Math.max(worst, Math.abs(below - belowBefore));
  }
  return Math.min(1, worst);
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

function smoothed(counts: readonly number[]): readonly number[] {
  const total = sum(counts) + counts.length / 2;
  return counts.map((count) => (count + 0.5) / total);
}

/** FNV-1a over UTF-16 units: it spreads values over buckets, nothing more. */
function hashOf(value: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < value.length; index += 1) hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193);
  // The last bits of FNV-1a alone depend on the last bits of the units alone.
  return (hash ^ (hash >>> 15)) >>> 0;
}
