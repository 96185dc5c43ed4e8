import { RejectedError } from '@sdp/shared/errors';

/** Holds a key to so many transactions a minute, however many a request brings. */
export interface TransactionRate {
  /** @throws {RejectedError} `rate-limited` */
  take(keyId: string, count: number): void;
}

/** A bucket for each key that fills at an even rate and holds ten seconds of it, at least one largest request. Counted in this process. */
export function transactionRate(perMinute: number, now: () => number = () => performance.now()): TransactionRate {
  const perMs = perMinute / 60_000;
  const capacity = Math.max(1_000, perMinute / 6);
  const buckets = new Map<string, { level: number; at: number }>();
  return {
    take: (keyId, count) => {
      const at = now();
      const bucket = buckets.get(keyId) ?? { level: capacity, at };
      const level = Math.min(capacity, bucket.level + (at - bucket.at) * perMs);
      const isEnough = level >= count;
      buckets.set(keyId, { level: isEnough ? level - count : level, at });
      if (isEnough) return;
      const retryAfterSeconds = Math.max(1, Math.ceil((count - level) / perMs / 1_000));
      throw new RejectedError('rate-limited', { details: { retryAfterSeconds } });
    },
  };
}
