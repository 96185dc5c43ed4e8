import type { KeyObject } from 'node:crypto';
import { constantTimeEqual, deriveKey, type MasterKey } from '@sdp/shared/crypto';
import { asDatabaseError, GroupCommit, type Pool, type Queryable, query } from '../../database/index.ts';
import type { Principal, Role, Scope, Tenants } from '../../identity/principal.ts';
import { apiKeyHmac, apiKeyId, generateApiKey } from './api-key-format.ts';
import { KnownKeys } from './known-keys.ts';

/** What a client's key may do unless more is asked for. A copy of a vault on the server is nobody's default. */
export const defaultScopes: readonly Scope[] = [
  'batches:write',
  'batches:read',
  'transactions:write',
  'transactions:read',
  'events:write',
  'events:read',
  'anomalies:read',
];

/** A key as an operator sees it: nothing of the secret. */
export interface ApiKeySummary {
  readonly keyId: string;
  readonly role: Role;
  /** A Client's; null for staff. */
  readonly clientId: string | null;
  readonly tenants: Tenants;
  readonly scopes: readonly Scope[];
  readonly allowDeclaredSafe: boolean;
  readonly label: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** A key of one client, or of staff for some clients or all. */
export type NewApiKey = NewKeyBase &
  (
    | { readonly role?: 'Client'; readonly clientId: string }
    | { readonly role: Exclude<Role, 'Client'>; readonly tenants: Tenants }
  );

interface NewKeyBase {
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly allowDeclaredSafe: boolean;
  readonly expiresAt?: Date | undefined;
}

export interface ApiKeyStore {
  /**
   * @param maxAgeMs an answer of the database may be so old, so that a key that was revoked meanwhile still opens; 0 where left out
   * @returns undefined for a key that is unknown, revoked or expired; the caller learns no more
   */
  authenticate(text: string, maxAgeMs?: number): Promise<Principal | undefined>;
  /** @returns the key itself, which can't be had again */
  create(key: NewApiKey, db?: Queryable): Promise<{ readonly keyId: string; readonly text: string }>;
  list(): Promise<ApiKeySummary[]>;
  /** @returns false when there is no such key, or it was revoked before */
  revoke(keyId: string, db?: Queryable): Promise<boolean>;
  /** Makes the key of SDP_API_KEY valid for the client, in place of the one that SDP_API_KEY named before. */
  bootstrap(text: string, clientId: string, allowDeclaredSafe: boolean): Promise<void>;
}

interface ApiKeyRow {
  readonly key_id: string;
  readonly role: Role;
  readonly client_id: string | null;
  readonly tenants: string[];
  readonly label: string;
  readonly secret_hmac: Buffer;
  readonly scopes: Scope[];
  readonly allow_declared_safe: boolean;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
  readonly use_is_stale?: boolean;
}

const lastUseAccuracy = "interval '1 minute'";

export function createApiKeyStore(pool: Pool, master: MasterKey): ApiKeyStore {
  const pepper: KeyObject = deriveKey(master, 'server-api-key-pepper-v1');
  // One statement for all that are waiting: at a thousand requests a second, one each would cost more than the requests. Each
  // sees what holds after its request came, so that a key that is revoked opens nothing from then on.
  const lookUps = new GroupCommit<string, Principal | undefined>(
    (texts) => authenticateAll(pool, pepper, texts),
    maxGroup,
  );
  const known = new KnownKeys((text) => lookUps.run(text));
  return {
    authenticate: (text, maxAgeMs) => known.authenticate(text, maxAgeMs),
    async create(key, db = pool) {
      const { keyId, text } = generateApiKey();
      await query(
        db,
        `INSERT INTO api_key (key_id, role, client_id, tenants, label, secret_hmac, scopes, allow_declared_safe, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          keyId,
          ...ownerColumns(key),
          ...[key.label, apiKeyHmac(pepper, text), key.scopes, key.allowDeclaredSafe, key.expiresAt ?? null],
        ],
      );
      return { keyId, text };
    },
    async list() {
      const { rows } = await query<ApiKeyRow>(pool, 'SELECT * FROM api_key ORDER BY created_at, key_id');
      return rows.map((row) => ({
        keyId: row.key_id,
        role: row.role,
        clientId: row.client_id,
        tenants: tenantsOf(row),
        scopes: row.scopes,
        allowDeclaredSafe: row.allow_declared_safe,
        label: row.label,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
        lastUsedAt: row.last_used_at,
        revokedAt: row.revoked_at,
      }));
    },
    async revoke(keyId, db = pool) {
      const { rowCount } = await query(
        db,
        'UPDATE api_key SET revoked_at = now() WHERE key_id = $1 AND revoked_at IS NULL',
        [keyId],
      );
      known.forget();
      return rowCount === 1;
    },
    async bootstrap(text, clientId, allowDeclaredSafe) {
      await query(
        pool,
        `INSERT INTO api_key (key_id, client_id, label, secret_hmac, scopes, allow_declared_safe, bootstrap)
         VALUES ($1, $2, 'SDP_API_KEY', $3, $4, $5, true)
         ON CONFLICT (key_id) DO UPDATE
           SET secret_hmac = excluded.secret_hmac, scopes = excluded.scopes,
               allow_declared_safe = excluded.allow_declared_safe,
               -- Revoked stays revoked until SDP_API_KEY names another key.
               revoked_at = CASE WHEN api_key.secret_hmac = excluded.secret_hmac THEN api_key.revoked_at END`,
        [`bootstrap-${clientId}`, clientId, apiKeyHmac(pepper, text), defaultScopes, allowDeclaredSafe],
      );
      known.forget();
    },
  };
}

const maxGroup = 1_000;

async function authenticateAll(
  pool: Pool,
  pepper: KeyObject,
  texts: readonly string[],
): Promise<(Principal | undefined)[]> {
  const distinct = [...new Set(texts)];
  const { rows } = await pool
    .query<ApiKeyRow>({
      name: 'sdp-authenticate',
      text: `SELECT *, last_used_at IS NULL OR last_used_at < now() - ${lastUseAccuracy} AS use_is_stale FROM api_key
              WHERE (key_id = ANY ($1) OR bootstrap) AND revoked_at IS NULL
                AND (expires_at IS NULL OR expires_at > now())`,
      // The keys of SDP_API_KEY, one a client, may look like anything: they are always candidates.
      values: [distinct.map((text) => apiKeyId(text)).filter((id) => id !== undefined)],
    })
    .catch((error: unknown) => {
      throw asDatabaseError(error);
    });
  const principals = new Map<string, Principal>();
  for (const text of distinct) {
    const given = apiKeyHmac(pepper, text);
    // Every candidate is compared, whichever fits: the time says nothing.
    const [row] = rows.filter((each) => constantTimeEqual(each.secret_hmac, given));
    if (!row) continue;
    if (row.use_is_stale) await noteUse(pool, row.key_id);
    principals.set(text, principalOf(row));
  }
  return texts.map((text) => principals.get(text));
}

/** To the minute: a write for every request would cost more than the request. */
async function noteUse(pool: Pool, keyId: string): Promise<void> {
  await query(
    pool,
    `UPDATE api_key SET last_used_at = now()
      WHERE key_id = $1 AND (last_used_at IS NULL OR last_used_at < now() - ${lastUseAccuracy})`,
    [keyId],
  );
}

function principalOf(row: ApiKeyRow): Principal {
  return {
    kind: 'key',
    id: row.key_id,
    name: row.label,
    role: row.role,
    clientId: row.client_id ?? undefined,
    tenants: tenantsOf(row),
    scopes: row.scopes,
    allowDeclaredSafe: row.allow_declared_safe,
  };
}

function tenantsOf({ client_id: clientId, tenants }: ApiKeyRow): Tenants {
  if (clientId !== null) return [clientId];
  return tenants.includes(allTenants) ? '*' : tenants;
}

const allTenants = '*';

function ownerColumns(key: NewApiKey): [role: Role, clientId: string | null, tenants: readonly string[]] {
  if ('clientId' in key) return ['Client', key.clientId, []];
  return [key.role, null, key.tenants === '*' ? [allTenants] : key.tenants];
}
