import { RejectedError } from '@sdp/shared/errors';

/** Holds a principal to so many items a minute, however many a request brings. */
export interface ItemRate {
  /** @throws {RejectedError} `rate-limited` */
  take(principalId: string, count: number): void;
}

/**
 * A bucket for each principal that fills at an even rate and holds ten seconds of it, at least one largest request. Counted in
 * this process.
 */
export function itemRate(
  perMinute: number,
  largestRequest: number,
  now: () => number = () => performance.now(),
): ItemRate {
  const perMs = perMinute / 60_000;
  const capacity = Math.max(largestRequest, perMinute / 6);
  const buckets = new Map<string, { level: number; at: number }>();
  return {
    take: (principalId, count) => {
      const at = now();
      const bucket = buckets.get(principalId) ?? { level: capacity, at };
      const level = Math.min(capacity, bucket.level + (at - bucket.at) * perMs);
      const isEnough = level >= count;
      buckets.set(principalId, { level: isEnough ? level - count : level, at });
      if (isEnough) return;
      const retryAfterSeconds = Math.max(1, Math.ceil((count - level) / perMs / 1_000));
      throw new RejectedError('rate-limited', { details: { retryAfterSeconds } });
    },
  };
}
