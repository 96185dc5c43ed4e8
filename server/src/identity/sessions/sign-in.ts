import { RejectedError } from '@sdp/shared/errors';
import type { AuditAction, AuditActor, RecordAudit } from '../../audit/index.ts';
import { type Pool, withTransaction } from '../../database/index.ts';
import type { PasswordHasher } from '../passwords/password-hash.ts';
import type { SecondFactorStore } from '../second-factor/second-factor-store.ts';
import { assertPassword } from '../users/user-accounts.ts';
import type { UserRow } from '../users/user-row.ts';
import { canonicalName, type UserStore } from '../users/user-store.ts';
import type { SessionStore } from './session-store.ts';
import type { SignInFailures } from './sign-in-failures.ts';

export interface SignInOptions {
  readonly pool: Pool;
  readonly users: UserStore;
  readonly sessions: SessionStore;
  readonly failures: SignInFailures;
  readonly hasher: PasswordHasher;
  readonly secondFactors: SecondFactorStore;
  readonly recordAudit: RecordAudit;
}

export interface Credentials {
  readonly name: string;
  readonly password: string;
  readonly code?: string | undefined;
  readonly newPassword?: string | undefined;
}

/** As another service has it. */
export interface ElsewhereIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string | undefined;
}

export interface SignedIn {
  readonly user: UserRow;
  /** For the cookie. */
  readonly token: string;
}

/** What people do with their own account. */
export interface SignIn {
  /**
   * @throws {RejectedError} `sign-in-refused`, `sign-in-blocked`, `second-factor-needed`, `new-password-needed`
   * @throws {InputError} `request-invalid` for a new password that is weak
   */
  signIn(credentials: Credentials): Promise<SignedIn>;
  /**
   * For somebody whom another service vouches for. The first time, the user of that name without a password is bound to whom
   * the service means; from then on nobody else is let in by that name.
   *
   * @throws {RejectedError} `sign-in-refused`
   */
  signInElsewhere(identity: ElsewhereIdentity): Promise<SignedIn>;
  signOut(user: UserRow, token: string): Promise<void>;
  /** Ends the user's other sessions. @throws {RejectedError} `sign-in-refused`, `sign-in-blocked` @throws {InputError} */
  changePassword(userId: string, token: string, present: string, next: string): Promise<void>;
  /** @throws {RejectedError} `second-factor-present` */
  beginSecondFactor(userId: string): Promise<Buffer>;
  /** @returns recovery codes @throws {RejectedError} `sign-in-refused` */
  confirmSecondFactor(userId: string, code: string): Promise<readonly string[]>;
  /** @throws {RejectedError} `sign-in-refused`, `sign-in-blocked` */
  removeSecondFactor(userId: string, password: string, code: string): Promise<void>;
}

export function createSignIn(options: SignInOptions): SignIn {
  const { pool, users, sessions, failures, hasher, secondFactors, recordAudit } = options;
  const audit = (
    db: Parameters<RecordAudit>[0],
    action: AuditAction,
    user: UserRow,
    detail: Record<string, unknown> = {},
  ) =>
    recordAudit(db, {
      actor: actorOf(user),
      action,
      subject: user.user_id,
      clientId: user.client_id ?? undefined,
      detail,
    });

  /** Checks password and code; what fails is counted, and told to the trail. */
  const prove = async (user: UserRow | undefined, name: string, password: string, code: string | undefined) => {
    await failures.attempt(name);
    const active = user?.state === 'active' ? user : undefined;
    const isRight = await hasher.verify(password, active?.password_hash ?? undefined);
    if (!active || !isRight) return refuse(user, 'password');
    if (!active.totp_is_confirmed) return active;
    if (code === undefined) throw new RejectedError('second-factor-needed');
    return (await secondFactors.accept(active.user_id, code.trim())) ? active : refuse(active, 'code');
  };
  const refuse = async (user: UserRow | undefined, because: string): Promise<never> => {
    // Whoever measures how long a refusal takes finds no difference between a name that exists and one that doesn't.
    if (user) await audit(pool, 'session.refused', user, { because });
    else await recordAudit(pool, { actor: nobody, action: 'session.refused', subject: 'nobody', detail: { because } });
    throw new RejectedError('sign-in-refused');
  };
  const own = async (userId: string): Promise<UserRow> => {
    const user = await users.find(userId);
    if (!user) throw new RejectedError('unauthorized');
    return user;
  };
  const openSession = (user: UserRow): Promise<SignedIn> =>
    withTransaction(pool, async (tx) => {
      const token = await sessions.open(tx, user.user_id);
      await audit(tx, 'session.opened', user);
      return { user, token };
    });

  return {
    async signInElsewhere({ issuer, subject, name }) {
      const known = await users.findElsewhere(issuer, subject);
      const user =
        known ?? (name === undefined ? undefined : await users.bindElsewhere(canonicalName(name), issuer, subject));
      if (user?.state !== 'active') {
        if (user) await audit(pool, 'session.refused', user, { because: 'state' });
        throw new RejectedError('sign-in-refused', {
          message: 'Nobody here is known by what that service says of you',
          remedy: 'Ask an Admin to make a user of that name, without a password.',
        });
      }
      return openSession(user);
    },
    async signIn({ name: given, password, code, newPassword }) {
      const name = canonicalName(given);
      const user = await prove(await users.findByName(name), name, password, code);
      if (user.password_is_initial) {
        if (newPassword === undefined || newPassword === password) throw new RejectedError('new-password-needed');
        assertPassword('new_password', newPassword, name);
        const hash = await hasher.hash(newPassword);
        await withTransaction(pool, async (tx) => {
          await users.setPassword(tx, user.user_id, { hash, isInitial: false });
          await audit(tx, 'user.password-changed', user, { by: 'self' });
        });
      }
      await failures.succeeded(name);
      return openSession(user);
    },
    async signOut(user, token) {
      await withTransaction(pool, async (tx) => {
        await sessions.close(tx, token);
        await audit(tx, 'session.closed', user);
      });
    },
    async changePassword(userId, token, present, next) {
      const user = await own(userId);
      await failures.attempt(user.name);
      if (!(await hasher.verify(present, user.password_hash ?? undefined))) return refuse(user, 'password');
      await failures.succeeded(user.name);
      assertPassword('new_password', next, user.name);
      const hash = await hasher.hash(next);
      await withTransaction(pool, async (tx) => {
        await users.setPassword(tx, userId, { hash, isInitial: false }, sessions.digest(token));
        await audit(tx, 'user.password-changed', user, { by: 'self' });
      });
    },
    async beginSecondFactor(userId) {
      if ((await own(userId)).totp_is_confirmed) throw new RejectedError('second-factor-present');
      return secondFactors.begin(userId);
    },
    async confirmSecondFactor(userId, code) {
      const user = await own(userId);
      if (user.totp_is_confirmed) throw new RejectedError('second-factor-present');
      const codes = await withTransaction(pool, async (tx) => {
        const made = await secondFactors.confirm(tx, userId, code);
        if (made) await audit(tx, 'user.totp-changed', user, { second_factor: true, by: 'self' });
        return made;
      });
      return codes ?? refuse(user, 'code');
    },
    async removeSecondFactor(userId, password, code) {
      const user = await own(userId);
      await prove(user, user.name, password, code);
      await failures.succeeded(user.name);
      await withTransaction(pool, async (tx) => {
        await secondFactors.remove(tx, userId);
        await audit(tx, 'user.totp-changed', user, { second_factor: false, by: 'self' });
      });
    },
  };
}

const nobody: AuditActor = { kind: 'system', id: 'sign-in' };

function actorOf({ user_id: id }: UserRow): AuditActor {
  return { kind: 'user', id };
}
