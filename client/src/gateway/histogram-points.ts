import { doubleOf, numberOf } from './any-value.ts';
import type { Bucket, Distribution } from './distribution.ts';
import type { DataPoint, ExponentialBuckets } from './otlp-types.ts';

/** More than any SDK makes; of a histogram with more of them only count, sum and extremes are known. */
const mostBuckets = 1_000;

/** The distribution of a point of a histogram with bounds of its own. */
export function histogramOf(point: DataPoint): Distribution {
  const counts = (point.bucketCounts ?? []).map(Number);
  const bounds = (point.explicitBounds ?? []).map(Number);
  const fits = counts.length === bounds.length + 1 && counts.length <= mostBuckets && bounds.every(isAfter);
  const buckets = counts.map((count, at) => ({
    low: bounds[at - 1] ?? -Infinity,
    high: bounds[at] ?? Infinity,
    count,
  }));
  return withBuckets(point, fits ? buckets : []);
}

/** The distribution of a point of an exponential histogram: bucket `i` goes from `base^i` to `base^(i+1)`. */
export function exponentialOf(point: DataPoint): Distribution {
  const { scale = 0, positive, negative } = point;
  const zeros = numberOf(point.zeroCount) ?? 0;
  const size = (positive?.bucketCounts?.length ?? 0) + (negative?.bucketCounts?.length ?? 0);
  if (size > mostBuckets || !Number.isInteger(scale) || Math.abs(scale) > 20) return withBuckets(point, []);
  const above = bucketsOf(positive, scale);
  const below = bucketsOf(negative, scale).map(({ low, high, count }) => ({ low: -high, high: -low, count }));
  return withBuckets(point, [
    ...below.toReversed(),
    ...(zeros > 0 ? [{ low: 0, high: 0, count: zeros }] : []),
    ...above,
  ]);
}

/** A summary says how many values there were and what they come to; its quantiles stand under names of their own. */
export function summaryOf(point: DataPoint): Distribution {
  return withBuckets(point, []);
}

function bucketsOf({ offset = 0, bucketCounts = [] }: ExponentialBuckets = {}, scale: number): Bucket[] {
  const boundAt = (index: number) => 2 ** (index * 2 ** -scale);
  return bucketCounts.flatMap((given, at) => {
    const count = Number(given);
    return count === 0 ? [] : [{ low: boundAt(offset + at), high: boundAt(offset + at + 1), count }];
  });
}

function withBuckets(point: DataPoint, buckets: readonly Bucket[]): Distribution {
  const usable = buckets.every((bucket) => bucket.count >= 0) && buckets.some((bucket) => bucket.count > 0);
  return {
    count: numberOf(point.count) ?? 0,
    sum: doubleOf(point.sum),
    min: doubleOf(point.min),
    max: doubleOf(point.max),
    buckets: usable ? buckets : [],
  };
}

function isAfter(bound: number, at: number, bounds: readonly number[]): boolean {
  return Number.isFinite(bound) && (at === 0 || bound > (bounds[at - 1] as number));
}
