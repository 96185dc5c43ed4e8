import { createHmac, randomBytes } from 'node:crypto';
import {
  constantTimeEqual,
  deriveKey,
  lengthPrefixed,
  type MasterKey,
  nonceBytes,
  openBlob,
  sealBlob,
} from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { type Pool, type PoolClient, query, withTransaction } from '../../database/index.ts';
import { acceptedStep, base32 } from './totp-rules.ts';

const secretBytes = 20;
const recoveryCodes = 10;
const recoveryBytes = 10;

export interface SecondFactorStore {
  /** Makes a secret that counts once {@link confirm} has seen a code of it; one that counts already stays until then. */
  begin(userId: string): Promise<Buffer>;
  /** @returns recovery codes, shown this once; undefined where the code isn't right or nothing was begun */
  confirm(tx: PoolClient, userId: string, code: string): Promise<readonly string[] | undefined>;
  /** Whether the code is right, and uses it up. It may be one of the authenticator's, or a recovery code. */
  accept(userId: string, code: string): Promise<boolean>;
  remove(tx: PoolClient, userId: string): Promise<void>;
}

interface FactorRow {
  readonly totp_sealed: Buffer | null;
  readonly totp_is_confirmed: boolean;
  readonly totp_last_step: string;
  readonly recovery_hmacs: Buffer[];
}

/** Second factors by RFC 6238, their secrets sealed with the server's key. */
export function createSecondFactorStore(
  pool: Pool,
  serverKey: MasterKey,
  now: () => number = Date.now,
): SecondFactorStore {
  const sealingKey = deriveKey(serverKey, 'server-totp-secret-v1');
  const recoveryKey = deriveKey(serverKey, 'server-recovery-code-v1');
  const place = (userId: string) => lengthPrefixed('sdp-totp-v1', userId);
  const hmacOf = (userId: string, code: string) =>
    createHmac('sha256', recoveryKey)
      .update(lengthPrefixed(userId, code.replaceAll(/[\s-]/g, '').toUpperCase()))
      .digest();

  const lock = async (tx: PoolClient, userId: string): Promise<FactorRow | undefined> => {
    const { rows } = await query<FactorRow>(
      tx,
      'SELECT totp_sealed, totp_is_confirmed, totp_last_step, recovery_hmacs FROM users WHERE user_id = $1 FOR UPDATE',
      [userId],
    );
    return rows[0];
  };
  const open = (userId: string, sealed: Buffer): Buffer => {
    const blob = { nonce: sealed.subarray(0, nonceBytes), sealed: sealed.subarray(nonceBytes) };
    const secret = openBlob(sealingKey, place(userId), blob);
    if (!secret)
      throw new IntegrityError('record-tampered', { message: 'A stored second factor failed its integrity check' });
    return secret;
  };

  return {
    async begin(userId) {
      const secret = randomBytes(secretBytes);
      const { nonce, sealed } = sealBlob(sealingKey, place(userId), secret);
      await query(
        pool,
        'UPDATE users SET totp_sealed = $2, totp_last_step = 0 WHERE user_id = $1 AND NOT totp_is_confirmed',
        [userId, Buffer.concat([nonce, sealed])],
      );
      return secret;
    },
    async confirm(tx, userId, code) {
      const row = await lock(tx, userId);
      if (!row?.totp_sealed || row.totp_is_confirmed) return undefined;
      const step = acceptedStep(open(userId, row.totp_sealed), code, now(), Number(row.totp_last_step));
      if (step === undefined) return undefined;
      const codes = Array.from({ length: recoveryCodes }, () => grouped(base32(randomBytes(recoveryBytes))));
      await query(
        tx,
        'UPDATE users SET totp_is_confirmed = true, totp_last_step = $2, recovery_hmacs = $3 WHERE user_id = $1',
        [userId, step, codes.map((each) => hmacOf(userId, each))],
      );
      return codes;
    },
    accept: (userId, code) =>
      withTransaction(pool, async (tx) => {
        const row = await lock(tx, userId);
        if (!row?.totp_sealed || !row.totp_is_confirmed) return false;
        const step = acceptedStep(open(userId, row.totp_sealed), code, now(), Number(row.totp_last_step));
        if (step !== undefined) {
          await query(tx, 'UPDATE users SET totp_last_step = $2 WHERE user_id = $1', [userId, step]);
          return true;
        }
        const given = hmacOf(userId, code);
        const used = row.recovery_hmacs.filter((each) => constantTimeEqual(each, given));
        if (used.length === 0) return false;
        await query(tx, 'UPDATE users SET recovery_hmacs = array_remove(recovery_hmacs, $2) WHERE user_id = $1', [
          userId,
          used[0],
        ]);
        return true;
      }),
    async remove(tx, userId) {
      await query(
        tx,
        `UPDATE users SET totp_sealed = NULL, totp_is_confirmed = false, totp_last_step = 0, recovery_hmacs = '{}'
          WHERE user_id = $1`,
        [userId],
      );
    },
  };
}

/** `ABCD-EFGH-IJKL-MNOP`: typed from paper. */
function grouped(code: string): string {
  return code.match(/.{1,4}/g)?.join('-') ?? code;
}
