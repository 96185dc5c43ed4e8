/** Upper ends in milliseconds of the buckets of a call's duration, each a quarter above the one before; one more is open. */
export const latencyBoundsMs: readonly number[] = Array.from({ length: 48 }, (_, i) => 0.1 * 1.25 ** i);
/** Scores from 0 to 1, in steps of 0.05. */
export const scoreBuckets = 20;

export function latencyBucket(ms: number): number {
  const bucket = Math.ceil(Math.log(ms / 0.1) / Math.log(1.25) - 1e-9);
  return Math.min(Math.max(bucket, 0), latencyBoundsMs.length);
}

export function scoreBucket(score: number): number {
  return Math.min(Math.floor(score * scoreBuckets), scoreBuckets - 1);
}

/** Upper end of the bucket in which the quantile lies; undefined without any value, infinite in the open bucket. */
export function latencyQuantile(counts: readonly number[], quantile: number): number | undefined {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let seen = 0;
  for (const [bucket, count] of counts.entries()) {
    seen += count;
    if (seen >= quantile * total) return latencyBoundsMs[bucket] ?? Number.POSITIVE_INFINITY;
  }
  return Number.POSITIVE_INFINITY;
}

/** How many were surely slower: those of buckets that begin at or above the bound. */
export function slowerThan(counts: readonly number[], boundMs: number): number {
  return counts.reduce((sum, count, bucket) => ((latencyBoundsMs[bucket - 1] ?? 0) >= boundMs ? sum + count : sum), 0);
}
