import { createHmac } from 'node:crypto';
import { deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { RejectedError } from '@sdp/shared/errors';
import { type Pool, query } from '../../database/index.ts';

/** Attempts that cost nothing but the time of hashing. */
const freeAttempts = 5;
const maxBlockSeconds = 900;
/** After so long nothing is remembered. */
const forgetHours = 24;

export interface SignInFailures {
  /**
   * Counts an attempt as failed before it is made: of many at once none is free.
   *
   * @throws {RejectedError} `sign-in-blocked`
   */
  attempt(name: string): Promise<void>;
  succeeded(name: string): Promise<void>;
  forgetOld(): Promise<void>;
}

/**
 * Slows down guessing: from the sixth failure on each wait is twice the one before, up to 15 minutes. The same for names that
 * nobody has, so that it tells nobody which exist.
 */
export function createSignInFailures(pool: Pool, serverKey: MasterKey): SignInFailures {
  const key = deriveKey(serverKey, 'server-sign-in-name-v1');
  const hmacOf = (name: string) => createHmac('sha256', key).update(name).digest();
  return {
    async attempt(name) {
      const { rows } = await query<{ counted: number; blocked_seconds: number | null }>(
        pool,
        `WITH counted AS (
           INSERT INTO sign_in_failure AS f (name_hmac, failures, blocked_until, at) VALUES ($1, 1, 'epoch', now())
           ON CONFLICT (name_hmac) DO UPDATE
             SET failures = f.failures + 1, at = now(),
                 blocked_until = CASE WHEN f.failures < ${freeAttempts} THEN 'epoch' ELSE now() + make_interval(
                   secs => least(${maxBlockSeconds}, 2 ^ least(20, f.failures + 1 - ${freeAttempts}))) END
             WHERE f.blocked_until <= now()
           RETURNING 1
         )
         SELECT (SELECT count(*)::int FROM counted) AS counted,
                (SELECT ceil(extract(epoch FROM blocked_until - now()))::float8 FROM sign_in_failure
                  WHERE name_hmac = $1) AS blocked_seconds`,
        [hmacOf(name)],
      );
      if (rows[0]?.counted === 1) return;
      throw new RejectedError('sign-in-blocked', {
        details: { retryAfterSeconds: Math.max(1, rows[0]?.blocked_seconds ?? 1) },
      });
    },
    async succeeded(name) {
      await query(pool, 'DELETE FROM sign_in_failure WHERE name_hmac = $1', [hmacOf(name)]);
    },
    async forgetOld() {
      await query(pool, `DELETE FROM sign_in_failure WHERE at < now() - interval '${forgetHours} hours'`);
    },
  };
}
