import { newcombeDifference, wilsonInterval } from '../statistics/proportion-rules.ts';
import { latencyQuantile, slowerThan } from '../usage/histograms.ts';
import type { Usage } from '../usage/usage-recorder.ts';

export type RollbackCause = 'errors' | 'latency';

export interface RollbackBounds {
  /** Transactions scored, and calls made, before anything is concluded. */
  readonly minSample: number;
  /** Share of transactions without a valid score by which a generation may exceed the one before. */
  readonly errorRate: number;
  /** How many times slower a call may be, at the 95th percentile, than it was before. */
  readonly latencyFactor: number;
  /** A call this fast is never too slow; without figures from before, `latencyFactor` times this is. */
  readonly latencyFloorMs: number;
}

/** One failing call is an accident. */
const minFailedCalls = 3;
const minCalls = 50;

/**
 * Whether a generation's model is worse than what decided before, beyond doubt: the confidence interval, not the estimate, has to
 * lie beyond the bound. The rate of errors by transactions (Newcombe's interval of the difference, Wilson's without figures from
 * before); latency by calls: more than 5 % of them slower than the bound says that the 95th percentile is beyond it.
 */
export function rollbackCause(
  now: Usage,
  before: Usage | undefined,
  bounds: RollbackBounds,
): RollbackCause | undefined {
  const { minSample } = bounds;
  const baseline = before !== undefined && before.attempted >= minSample ? before : undefined;
  if (now.attempted >= minSample && now.failedCalls >= minFailedCalls) {
    const rate = { hits: now.failed, total: now.attempted };
    const excess =
      baseline === undefined
        ? wilsonInterval(rate)
        : newcombeDifference(rate, { hits: baseline.failed, total: baseline.attempted });
    if (excess !== undefined && excess.low > bounds.errorRate) return 'errors';
  }
  if (now.attempted >= minSample && now.calls >= minCalls) {
    const slow = wilsonInterval({
      hits: slowerThan(now.latencies, latencyBoundMs(baseline, bounds)),
      total: now.calls,
    });
    if (slow !== undefined && slow.low > 0.05) return 'latency';
  }
  return undefined;
}

export function latencyBoundMs(before: Usage | undefined, { latencyFactor, latencyFloorMs }: RollbackBounds): number {
  const usualMs = before === undefined ? undefined : latencyQuantile(before.latencies, 0.95);
  return Math.max(latencyFloorMs, latencyFactor * (usualMs ?? latencyFloorMs));
}
