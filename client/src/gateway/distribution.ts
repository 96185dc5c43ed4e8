/** Values from above `low` up to `high`. */
export interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** How many values there were, and how they spread. */
export interface Distribution {
  readonly count: number;
  readonly sum: number | undefined;
  readonly min: number | undefined;
  readonly max: number | undefined;
  /** In order; empty where it isn't known how they spread. Those of several histograms may overlap. */
  readonly buckets: readonly Bucket[];
}

/** What a distribution can be told by: `p95` is what 95 % of the values are not above. */
export type Statistic = 'mean' | 'min' | 'max' | 'sum' | `p${number}`;

export function distributionOf(value: number): Distribution {
  return { count: 1, sum: value, min: value, max: value, buckets: [{ low: value, high: value, count: 1 }] };
}

/** Several as one. @returns `undefined` for none */
export function merged(parts: readonly Distribution[]): Distribution | undefined {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first;
  const known = (of: (part: Distribution) => number | undefined) =>
    parts.flatMap((part) => (part.count === 0 ? [] : [of(part)]));
  const whole = (values: readonly (number | undefined)[], join: (numbers: readonly number[]) => number) => {
    const numbers = values.filter((value) => value !== undefined);
    return numbers.length < values.length || numbers.length === 0 ? undefined : join(numbers);
  };
  const counted = parts.filter(({ count }) => count > 0);
  return {
    count: parts.reduce((sum, { count }) => sum + count, 0),
    sum: whole(
      known(({ sum }) => sum),
      (numbers) => numbers.reduce((sum, value) => sum + value, 0),
    ),
    min: whole(
      known(({ min }) => min),
      (numbers) => Math.min(...numbers),
    ),
    max: whole(
      known(({ max }) => max),
      (numbers) => Math.max(...numbers),
    ),
    buckets: counted.some(({ buckets }) => buckets.length === 0)
      ? []
      : counted.flatMap(({ buckets }) => buckets).toSorted((a, b) => a.high - b.high || a.low - b.low),
  };
}

/**
 * What a distribution says by one number. A percentile is read from the buckets as if the values of one lay evenly in it, kept
 * between the smallest and the largest value; where there are no buckets the mean stands for it.
 *
 * @returns `undefined` where there were no values, or where it is not known
 */
export function statisticOf(distribution: Distribution, statistic: Statistic): number | undefined {
  const { count, sum, min, max, buckets } = distribution;
  if (count === 0) return undefined;
  switch (statistic) {
    case 'mean':
      return sum === undefined ? undefined : sum / count;
    case 'sum':
      return sum;
    case 'min':
      return min;
    case 'max':
      return max;
    default:
      return buckets.length === 0
        ? statisticOf(distribution, 'mean')
        : percentile(distribution, Number(statistic.slice(1)) / 100);
  }
}

function percentile({ min, max, buckets }: Distribution, share: number): number | undefined {
  // By the buckets themselves: a sender's count may be another.
  const rank = share * buckets.reduce((sum, { count }) => sum + count, 0);
  let before = 0;
  for (const [at, { low, high, count }] of buckets.entries()) {
    if (count === 0 || (before + count < rank && at < buckets.length - 1)) {
      before += count;
      continue;
    }
    const from = Math.max(min ?? low, low === -Infinity ? (min ?? Math.min(0, high)) : low);
    const to = Math.min(max ?? high, high === Infinity ? (max ?? from) : high);
    const value = from + (to - from) * Math.min(1, Math.max(0, (rank - before) / count));
    const bounded = Math.min(max ?? value, Math.max(min ?? value, value));
    return Number.isFinite(bounded) ? bounded : undefined;
  }
  return undefined;
}
