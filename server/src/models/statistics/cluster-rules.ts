import type { PairedCounts } from './paired-rules.ts';
import type { Proportion } from './proportion-rules.ts';

/**
 * By how much clusters widen the variance of a rate: that of the ratio of cluster totals over that of as many independent things
 * (Kish's design effect; W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, 9A.2). At least 1: with few clusters it scatters,
 * and an interval that is too wide is the lesser evil.
 *
 * @param clusters what is like one another, such as the transactions of one customer
 */
function designEffect(clusters: readonly { readonly sum: number; readonly total: number }[], variance: number): number {
  const filled = clusters.filter(({ total }) => total > 0);
  const total = filled.reduce((sum, each) => sum + each.total, 0);
  if (filled.length < 2 || variance <= 0) return 1;
  const mean = filled.reduce((sum, each) => sum + each.sum, 0) / total;
  const squares = filled.reduce((sum, each) => sum + (each.sum - mean * each.total) ** 2, 0);
  const clustered = ((filled.length / (filled.length - 1)) * squares) / total ** 2;
  return Math.max(1, clustered / (variance / total));
}

function effectOf(clusters: readonly Proportion[]): number {
  const { hits, total } = sumOf(clusters);
  const rate = hits / total;
  return designEffect(
    clusters.map((each) => ({ sum: each.hits, total: each.total })),
    rate * (1 - rate),
  );
}

/**
 * The same rate of as many independent things as say no less: its Wilson interval is one for clusters (N. Dean, M. Pagano,
 * "Evaluating confidence interval methods for binomial proportions in clustered surveys", Journal of Survey Statistics and
 * Methodology 3 (2015), 484–503).
 */
export function effectiveProportion(clusters: readonly Proportion[]): Proportion {
  return shrunk(sumOf(clusters), effectOf(clusters));
}

/** The same for two rates to be compared. One that is 0 or 1 doesn't show how its clusters vary: they vary as the other's do. */
export function effectiveProportions(a: readonly Proportion[], b: readonly Proportion[]): [Proportion, Proportion] {
  const [first, second] = [sumOf(a), sumOf(b)];
  const [effectOfA, effectOfB] = [effectOf(a), effectOf(b)];
  return [
    shrunk(first, isOneSided(first) ? effectOfB : effectOfA),
    shrunk(second, isOneSided(second) ? effectOfA : effectOfB),
  ];
}

function sumOf(clusters: readonly Proportion[]): Proportion {
  return {
    hits: clusters.reduce((sum, each) => sum + each.hits, 0),
    total: clusters.reduce((sum, each) => sum + each.total, 0),
  };
}

function isOneSided({ hits, total }: Proportion): boolean {
  return hits === 0 || hits === total;
}

function shrunk({ hits, total }: Proportion, effect: number): Proportion {
  return { hits: hits / effect, total: total / effect };
}

/** The same for pairs, by the variance of the difference. */
export function effectivePairs(clusters: readonly PairedCounts[]): PairedCounts {
  const sum = { both: 0, firstOnly: 0, secondOnly: 0, neither: 0 };
  for (const each of clusters) {
    for (const name of ['both', 'firstOnly', 'secondOnly', 'neither'] as const) sum[name] += each[name];
  }
  const total = sum.both + sum.firstOnly + sum.secondOnly + sum.neither;
  if (total === 0) return sum;
  const difference = (sum.firstOnly - sum.secondOnly) / total;
  const effect = designEffect(
    clusters.map((each) => ({
      sum: each.firstOnly - each.secondOnly,
      total: each.both + each.firstOnly + each.secondOnly + each.neither,
    })),
    (sum.firstOnly + sum.secondOnly) / total - difference ** 2,
  );
  return {
    both: sum.both / effect,
    firstOnly: sum.firstOnly / effect,
    secondOnly: sum.secondOnly / effect,
    neither: sum.neither / effect,
  };
}
