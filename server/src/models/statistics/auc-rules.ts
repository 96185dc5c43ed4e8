import { type Interval, z95 } from './proportion-rules.ts';

/** Scores of what turned out to be fraud, and of what didn't. */
export interface LabelledScores {
  readonly frauds: readonly number[];
  readonly others: readonly number[];
  /** Which cluster each of them belongs to; where left out, all are independent. */
  readonly clusters?: { readonly frauds: readonly number[]; readonly others: readonly number[] };
}

interface Auc extends Pick<LabelledScores, 'clusters'> {
  readonly estimate: number;
  /** For each fraud the share of the others that it outranks (ties half), and the other way round. */
  readonly ofFrauds: Float64Array;
  readonly ofOthers: Float64Array;
}

/** Fewer of a kind give no variance worth the name. */
export const minOfAKind = 10;

/**
 * ROC-AUC with DeLong's variance. E. R. DeLong, D. M. DeLong, D. L. Clarke-Pearson, "Comparing the areas under two or more
 * correlated receiver operating characteristic curves: a nonparametric approach", Biometrics 44 (1988), 837–845; by midranks as
 * in X. Sun, W. Xu, IEEE Signal Processing Letters 21 (2014), 1389–1393. The interval is formed on the logit scale, where it
 * stays between 0 and 1. With clusters the variance is that of N. A. Obuchowski, "Nonparametric analysis of clustered ROC curve
 * data", Biometrics 53 (1997), 567–578, where that is larger. Undefined with fewer than {@link minOfAKind} of a kind.
 */
export function aucInterval(scores: LabelledScores, z = z95): Interval | undefined {
  if (isTooSmall(scores)) return undefined;
  const auc = aucOf(scores);
  const error = Math.sqrt(varianceOf(auc));
  const { estimate } = auc;
  if (error === 0 || estimate <= 0 || estimate >= 1) return { estimate, low: estimate, high: estimate };
  const logit = Math.log(estimate / (1 - estimate));
  const spread = (z * error) / (estimate * (1 - estimate));
  const back = (value: number) => 1 / (1 + Math.exp(-value));
  return { estimate, low: back(logit - spread), high: back(logit + spread) };
}

/** Difference `a − b` of the areas of two models on different transactions. */
export function aucDifference(a: LabelledScores, b: LabelledScores, z = z95): Interval | undefined {
  if (isTooSmall(a) || isTooSmall(b)) return undefined;
  const [first, second] = [aucOf(a), aucOf(b)];
  return around(first.estimate - second.estimate, varianceOf(first) + varianceOf(second), z);
}

/** The same for two models on the same transactions, in one order: what they have in common cancels. */
export function pairedAucDifference(a: LabelledScores, b: LabelledScores, z = z95): Interval | undefined {
  if (isTooSmall(a) || a.frauds.length !== b.frauds.length || a.others.length !== b.others.length) return undefined;
  const first = aucOf(a);
  const second = aucOf({ ...b, ...(a.clusters && { clusters: a.clusters }) });
  const variance = Math.max(
    ...[covariance, clusteredCovariance].map((of) => of(first, first) + of(second, second) - 2 * of(first, second)),
  );
  return around(first.estimate - second.estimate, variance, z);
}

function around(estimate: number, variance: number, z: number): Interval {
  const spread = z * Math.sqrt(Math.max(0, variance));
  return { estimate, low: Math.max(-1, estimate - spread), high: Math.min(1, estimate + spread) };
}

function isTooSmall({ frauds, others }: LabelledScores): boolean {
  return frauds.length < minOfAKind || others.length < minOfAKind;
}

function aucOf({ frauds, others, clusters }: LabelledScores): Auc {
  const all = midranks([...frauds, ...others]);
  const amongFrauds = midranks(frauds);
  const amongOthers = midranks(others);
  const [m, n] = [frauds.length, others.length];
  const ofFrauds = Float64Array.from(frauds, (_, i) => ((all[i] as number) - (amongFrauds[i] as number)) / n);
  const ofOthers = Float64Array.from(others, (_, i) => 1 - ((all[m + i] as number) - (amongOthers[i] as number)) / m);
  return { estimate: mean(ofFrauds), ofFrauds, ofOthers, ...(clusters && { clusters }) };
}

/** Ranks from 1; equal values share the mean of theirs. */
function midranks(values: readonly number[]): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((a, b) => (values[a] as number) - (values[b] as number));
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from + 1;
    while (to < order.length && values[order[to] as number] === values[order[from] as number]) to++;
    for (let i = from; i < to; i++) ranks[order[i] as number] = (from + to + 1) / 2;
    from = to;
  }
  return ranks;
}

function varianceOf(auc: Auc): number {
  return Math.max(covariance(auc, auc), clusteredCovariance(auc, auc));
}

function covariance(a: Auc, b: Auc): number {
  return (
    sampleCovariance(a.ofFrauds, b.ofFrauds) / a.ofFrauds.length +
    sampleCovariance(a.ofOthers, b.ofOthers) / a.ofOthers.length
  );
}

function sampleCovariance(a: Float64Array, b: Float64Array): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - meanA) * ((b[i] as number) - meanB);
  return sum / (a.length - 1);
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sums by clusters take the place of single values: of frauds, of others, and of both where a cluster has both. */
function clusteredCovariance(a: Auc, b: Auc): number {
  const { clusters } = a;
  if (clusters === undefined) return covariance(a, b);
  const [m, n] = [a.ofFrauds.length, a.ofOthers.length];
  const [fraudsA, othersA] = [
    sums(clusters.frauds, a.ofFrauds, a.estimate),
    sums(clusters.others, a.ofOthers, a.estimate),
  ];
  const [fraudsB, othersB] = [
    sums(clusters.frauds, b.ofFrauds, b.estimate),
    sums(clusters.others, b.ofOthers, b.estimate),
  ];
  const all = new Set([...clusters.frauds, ...clusters.others]).size;
  return (
    (unbiased(fraudsA.size) * products(fraudsA, fraudsB)) / m ** 2 +
    (unbiased(othersA.size) * products(othersA, othersB)) / n ** 2 +
    (unbiased(all) * (products(fraudsA, othersB) + products(othersA, fraudsB))) / (m * n)
  );
}

/** Of deviations from the mean, by cluster. */
function sums(clusters: readonly number[], values: Float64Array, mean: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const [i, cluster] of clusters.entries()) {
    found.set(cluster, (found.get(cluster) ?? 0) + (values[i] as number) - mean);
  }
  return found;
}

function products(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [cluster, value] of a) sum += value * (b.get(cluster) ?? 0);
  return sum;
}

/** One cluster alone says nothing of how clusters vary. */
function unbiased(clusters: number): number {
  return clusters < 2 ? 0 : clusters / (clusters - 1);
}
