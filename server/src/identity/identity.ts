import type { MasterKey } from '@sdp/shared/crypto';
import type { RecordAudit } from '../audit/index.ts';
import { type Pool, query, withTransaction } from '../database/index.ts';
import { oidcCallbackPath } from './api/oidc-routes.ts';
import { type AttemptSealer, createAttemptSealer } from './oidc/oidc-attempt.ts';
import { createOidcClient, type OidcClient, type OidcSettings } from './oidc/oidc-client.ts';
import { createPasswordHasher } from './passwords/password-hash.ts';
import { entryOf, permissionNames } from './permissions.ts';
import { createSecondFactorStore } from './second-factor/second-factor-store.ts';
import { createSessionStore, type SessionLimits, type SessionStore } from './sessions/session-store.ts';
import { createSignIn, type SignIn } from './sessions/sign-in.ts';
import { createSignInFailures } from './sessions/sign-in-failures.ts';
import { createUserAccounts, type UserAccounts } from './users/user-accounts.ts';
import { createUserStore, type UserStore } from './users/user-store.ts';

export interface IdentityOptions {
  readonly pool: Pool;
  readonly serverKey: MasterKey;
  readonly recordAudit: RecordAudit;
  readonly sessionLimits: SessionLimits & {
    /** By which browsers reach the server. */
    readonly publicOrigin?: string | undefined;
    readonly oidc?: OidcSettings | undefined;
  };
  /** For tests of codes. */
  readonly now?: () => number;
}

/** People, and how they sign in. */
export interface Identity {
  readonly users: UserStore;
  readonly accounts: UserAccounts;
  readonly sessions: SessionStore;
  readonly signIn: SignIn;
  /** Where a provider is configured. */
  readonly oidc: { readonly client: OidcClient; readonly attempts: AttemptSealer } | undefined;
  /** Forgets sessions and failed attempts that no longer matter. */
  forgetOld(): Promise<void>;
}

export function createIdentity({ pool, serverKey, recordAudit, sessionLimits, now }: IdentityOptions): Identity {
  const { oidc, publicOrigin } = sessionLimits;
  const users = createUserStore(pool);
  const hasher = createPasswordHasher(serverKey);
  const secondFactors = createSecondFactorStore(pool, serverKey, now);
  const sessions = createSessionStore(pool, serverKey, sessionLimits);
  const failures = createSignInFailures(pool, serverKey);
  return {
    users,
    sessions,
    oidc:
      oidc && publicOrigin !== undefined
        ? {
            client: createOidcClient(oidc, publicOrigin + oidcCallbackPath),
            attempts: createAttemptSealer(serverKey, now),
          }
        : undefined,
    accounts: createUserAccounts({ pool, users, hasher, secondFactors, recordAudit }),
    signIn: createSignIn({ pool, users, sessions, failures, hasher, secondFactors, recordAudit }),
    forgetOld: async () => {
      await sessions.forgetOld();
      await failures.forgetOld();
    },
  };
}

/** Writes the table of permissions down for those who look with SQL. */
export async function writeRoles(pool: Pool): Promise<void> {
  const pairs = permissionNames.flatMap((permission) => entryOf(permission).roles.map((role) => [role, permission]));
  await withTransaction(pool, async (tx) => {
    // Servers that start together write the same, one after the other.
    await query(tx, 'LOCK TABLE roles IN SHARE ROW EXCLUSIVE MODE');
    await query(tx, 'DELETE FROM roles');
    await query(tx, 'INSERT INTO roles SELECT * FROM unnest($1::text[], $2::text[])', [
      pairs.map(([role]) => role),
      pairs.map(([, permission]) => permission),
    ]);
  });
}
