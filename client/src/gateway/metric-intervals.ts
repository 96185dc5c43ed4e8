import type { Bucket, Distribution } from './distribution.ts';

/** A point of a series whose values are counted from its start on. */
export interface CumulativePoint {
  readonly startMs: number | undefined;
  readonly atMs: number;
  readonly whole: Distribution;
}

interface Series extends CumulativePoint {
  /** Of the time since the point before: what is said again when the point comes again. */
  readonly interval: Distribution | undefined;
}

/** Series beyond this make room: the one that has gone longest without a point is forgotten. */
const defaultMostSeries = 20_000;

/**
 * What came to a distribution between two points of a series that counts from its start. Of the first point that is seen this
 * can be told only if the series began while this was watching.
 */
export class MetricIntervals {
  readonly #sinceMs: number;
  readonly #mostSeries: number;
  /** In order of their last points. */
  readonly #series = new Map<string, Series>();

  constructor(sinceMs: number, mostSeries = defaultMostSeries) {
    this.#sinceMs = sinceMs;
    this.#mostSeries = mostSeries;
  }

  /** @param key tells the series from all others */
  next(key: string, point: CumulativePoint): Distribution | undefined {
    const last = this.#series.get(key);
    if (last !== undefined && point.atMs < last.atMs) return undefined;
    const interval = last !== undefined && point.atMs === last.atMs ? last.interval : this.#since(last, point);
    this.#series.delete(key);
    this.#series.set(key, { ...point, interval });
    const [oldest] = this.#series.keys();
    if (this.#series.size > this.#mostSeries && oldest !== undefined) this.#series.delete(oldest);
    return interval;
  }

  #since(last: Series | undefined, { startMs, whole }: CumulativePoint): Distribution | undefined {
    if (last === undefined) return startMs !== undefined && startMs >= this.#sinceMs ? whole : undefined;
    const beganAnew = startMs !== last.startMs && startMs !== undefined && startMs >= last.atMs;
    return beganAnew || whole.count < last.whole.count ? whole : difference(whole, last.whole);
  }
}

/** The extremes of an interval are not told: those of the whole time are its bounds. */
function difference(now: Distribution, before: Distribution): Distribution {
  const count = now.count - before.count;
  const buckets = bucketsSince(now.buckets, before.buckets);
  const filled = buckets.filter((bucket) => bucket.count > 0);
  const [lowest, highest] = [filled[0]?.low, filled.at(-1)?.high];
  return {
    count,
    sum: now.sum === undefined || before.sum === undefined ? undefined : now.sum - before.sum,
    min: bound(Math.max, now.min, lowest),
    max: bound(Math.min, now.max, highest),
    buckets,
  };
}

function bound(pick: (a: number, b: number) => number, whole: number | undefined, edge: number | undefined) {
  if (edge === undefined || !Number.isFinite(edge)) return whole;
  return whole === undefined ? edge : pick(whole, edge);
}

/** Counts by bucket less those of before; none where the buckets are others now and can't be compared. */
function bucketsSince(now: readonly Bucket[], before: readonly Bucket[]): readonly Bucket[] {
  const left = new Map(before.filter(({ count }) => count > 0).map(({ high, count }) => [high, count]));
  const fine = now.map(({ low, high, count }) => {
    const less = left.get(high) ?? 0;
    left.delete(high);
    return { low, high, count: count - less };
  });
  if (left.size === 0 && fine.every(({ count }) => count >= 0)) return fine;
  return widened(now, before) ?? [];
}

/** An exponential histogram that has grown wider has coarser buckets now: those of before go into the ones that hold them. */
function widened(now: readonly Bucket[], before: readonly Bucket[]): readonly Bucket[] | undefined {
  const counts = now.map(({ count }) => count);
  for (const { low, high, count } of before) {
    if (count === 0) continue;
    // Bounds are powers that were rounded: a bucket is found by its middle.
    const middle = low === high ? low : (low + high) / 2;
    const at = now.findIndex((bucket) => (bucket.low < middle && middle <= bucket.high) || bucket.low === middle);
    const rest = (counts[at] ?? 0) - count;
    if (at < 0 || rest < 0) return undefined;
    counts[at] = rest;
  }
  return now.map((bucket, at) => ({ ...bucket, count: counts[at] as number }));
}
