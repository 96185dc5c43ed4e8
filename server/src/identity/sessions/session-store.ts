import { createHash, createHmac, randomBytes } from 'node:crypto';
import { constantTimeEqual, deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { type Pool, type Queryable, query } from '../../database/index.ts';
import type { UserRow } from '../users/user-row.ts';

export interface SessionLimits {
  /** After so long without a request it is over. */
  readonly idleMinutes: number;
  /** After so long it is over in any case. */
  readonly maxHours: number;
}

export interface SessionStore {
  /** @returns what the cookie holds: it can't be had again */
  open(db: Queryable, userId: string): Promise<string>;
  /** @returns whose it is; undefined for one that is unknown or over, or whose user is disabled */
  find(token: string): Promise<UserRow | undefined>;
  close(db: Queryable, token: string): Promise<void>;
  /** Proves with a request that its sender has read an answer of this session. */
  csrfToken(token: string): string;
  isCsrfToken(token: string, given: string): boolean;
  /** As the database has it. */
  digest(token: string): Buffer;
  forgetOld(): Promise<void>;
}

const tokenPattern = /^[A-Za-z0-9_-]{43}$/;
const useAccuracy = "interval '1 minute'";

export function createSessionStore(pool: Pool, serverKey: MasterKey, limits: SessionLimits): SessionStore {
  const csrfKey = deriveKey(serverKey, 'server-csrf-token-v1');
  const digest = (token: string) => createHash('sha256').update(token).digest();
  const csrfToken = (token: string) => createHmac('sha256', csrfKey).update(token).digest('base64url');
  const idle = `interval '${limits.idleMinutes} minutes'`;
  return {
    digest,
    csrfToken,
    isCsrfToken: (token, given) => constantTimeEqual(csrfToken(token), given),
    async open(db, userId) {
      const token = randomBytes(32).toString('base64url');
      await query(
        db,
        'INSERT INTO user_session (token_sha256, user_id, ends_at) VALUES ($1, $2, now() + make_interval(hours => $3))',
        [digest(token), userId, limits.maxHours],
      );
      return token;
    },
    async find(token) {
      if (!tokenPattern.test(token)) return undefined;
      const { rows } = await query<UserRow & { use_is_stale: boolean }>(
        pool,
        `SELECT users.*, used_at < now() - ${useAccuracy} AS use_is_stale FROM user_session JOIN users USING (user_id)
          WHERE token_sha256 = $1 AND ends_at > now() AND used_at > now() - ${idle} AND state = 'active'`,
        [digest(token)],
      );
      const [row] = rows;
      if (row?.use_is_stale) {
        await query(pool, 'UPDATE user_session SET used_at = now() WHERE token_sha256 = $1', [digest(token)]);
      }
      return row;
    },
    async close(db, token) {
      await query(db, 'DELETE FROM user_session WHERE token_sha256 = $1', [digest(token)]);
    },
    async forgetOld() {
      await query(pool, `DELETE FROM user_session WHERE ends_at < now() OR used_at < now() - ${idle}`);
    },
  };
}
