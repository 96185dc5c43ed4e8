import { InputError, RejectedError } from '@sdp/shared/errors';
import type { AuditAction, AuditActor, RecordAudit } from '../../audit/index.ts';
import { type Pool, type PoolClient, withTransaction } from '../../database/index.ts';
import type { PasswordHasher } from '../passwords/password-hash.ts';
import { passwordFinding } from '../passwords/password-rules.ts';
import type { SecondFactorStore } from '../second-factor/second-factor-store.ts';
import type { Owner, UserRow } from './user-row.ts';
import { canonicalName, type UserChange, type UserStore } from './user-store.ts';

export interface UserAccountsOptions {
  readonly pool: Pool;
  readonly users: UserStore;
  readonly hasher: PasswordHasher;
  readonly secondFactors: SecondFactorStore;
  readonly recordAudit: RecordAudit;
}

/** What Admins and operators do with users. Every deed stands in the audit trail, in its own transaction. */
export interface UserAccounts {
  /**
   * @param password to begin with; none for those who sign in elsewhere
   * @throws {InputError} `request-invalid` for a weak password
   * @throws {RejectedError} `user-exists`
   */
  add(actor: AuditActor, name: string, owner: Owner, password: string | undefined): Promise<UserRow>;
  /** Ends the user's sessions. @throws {RejectedError} `not-found`, `last-admin` */
  change(actor: AuditActor, userId: string, change: UserChange): Promise<UserRow>;
  /** The user has to choose another one with it. @throws {RejectedError} `not-found` @throws {InputError} `request-invalid` */
  resetPassword(actor: AuditActor, userId: string, password: string): Promise<void>;
  /** For an authenticator that was lost. Ends the user's sessions. @throws {RejectedError} `not-found` */
  resetSecondFactor(actor: AuditActor, userId: string): Promise<void>;
}

export function createUserAccounts({
  pool,
  users,
  hasher,
  secondFactors,
  recordAudit,
}: UserAccountsOptions): UserAccounts {
  const audited = <T>(
    actor: AuditActor,
    action: AuditAction,
    work: (tx: PoolClient) => Promise<{ readonly result: T; readonly user: UserRow; readonly detail?: object }>,
  ): Promise<T> =>
    withTransaction(pool, async (tx) => {
      const { result, user, detail = {} } = await work(tx);
      const facts = { ...detail, role: user.role, tenants: user.tenants };
      const clientId = user.client_id ?? undefined;
      await recordAudit(tx, { actor, action, subject: user.user_id, clientId, detail: facts });
      return result;
    });
  const known = async (userId: string): Promise<UserRow> => {
    const user = await users.find(userId);
    if (!user) throw new RejectedError('not-found');
    return user;
  };
  return {
    async add(actor, name, owner, password) {
      if (password !== undefined) assertPassword('password', password, name);
      const passwordHash = password === undefined ? undefined : await hasher.hash(password);
      return audited(actor, 'user.created', async (tx) => {
        const user = await users.insert(tx, { name, owner, passwordHash });
        return { result: user, user };
      });
    },
    change: (actor, userId, change) =>
      audited(actor, change.state === 'disabled' ? 'user.disabled' : 'user.changed', async (tx) => {
        const user = await users.change(tx, userId, change);
        return { result: user, user, detail: { state: user.state } };
      }),
    async resetPassword(actor, userId, password) {
      const user = await known(userId);
      assertPassword('password', password, user.name);
      const hash = await hasher.hash(password);
      await audited(actor, 'user.password-changed', async (tx) => {
        await users.setPassword(tx, userId, { hash, isInitial: true });
        return { result: undefined, user, detail: { by: 'other' } };
      });
    },
    async resetSecondFactor(actor, userId) {
      const user = await known(userId);
      await audited(actor, 'user.totp-changed', async (tx) => {
        await secondFactors.remove(tx, userId);
        await users.change(tx, userId, {});
        return { result: undefined, user, detail: { second_factor: false, by: 'other' } };
      });
    },
  };
}

/** @throws {InputError} `request-invalid` */
export function assertPassword(field: string, password: string, name: string): void {
  const message = passwordFinding(password, canonicalName(name));
  if (message === undefined) return;
  throw new InputError('request-invalid', {
    message: `The password ${message}`,
    remedy: 'Choose a longer one; several words make a good password.',
    details: { findings: [{ field, message }] },
  });
}
