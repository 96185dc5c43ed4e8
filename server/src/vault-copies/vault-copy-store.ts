import type {
  VaultCopyEntry,
  VaultCopyErase,
  VaultCopyErasure,
  VaultCopyHead,
  VaultCopyId,
  VaultCopyKnown,
  VaultCopyNamespace,
  VaultCopyPush,
} from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import { onlyTenants, type Pool, type PoolClient, type Queryable, query, withTenants } from '../database/index.ts';

/** Where a page ends, and the next one goes on. */
export type EntryPosition = Pick<VaultCopyEntry, 'namespace' | 'token'>;

export type ErasurePosition = Pick<VaultCopyErasure, 'namespace' | 'erasure'>;

export interface VaultCopyCounts {
  readonly namespaces: readonly VaultCopyNamespace[];
  readonly entries: number;
  readonly erasures: number;
  readonly head: VaultCopyHead | null;
}

/** The copies of clients' vaults. Everything in them was sealed by the client; see `shared/contracts/vault-copy.ts`. */
export interface VaultCopyStore {
  /**
   * Stores what is new. What was erased before stays away. All of it with the head, or nothing.
   *
   * @throws {RejectedError} `vault-copy-changed` unless the head is the next one
   */
  push(clientId: string, push: VaultCopyPush): Promise<{ readonly stored: number; readonly erased: number }>;
  /**
   * Removes the entries and remembers that they were. @returns how many there were
   * @throws {RejectedError} `vault-copy-changed` unless the head is the next one
   */
  erase(clientId: string, erase: VaultCopyErase): Promise<number>;
  /** What is there under these ids. */
  lookup(clientId: string, ids: readonly VaultCopyId[]): Promise<VaultCopyKnown['known']>;
  /** Removes everything, erasures included. @returns how many entries there were */
  remove(clientId: string): Promise<number>;
  counts(clientId: string): Promise<VaultCopyCounts>;
  entriesAfter(clientId: string, after: EntryPosition | undefined, limit: number): Promise<VaultCopyEntry[]>;
  erasuresAfter(clientId: string, after: ErasurePosition | undefined, limit: number): Promise<VaultCopyErasure[]>;
}

const lockSpace = 1_447_121_750; // "VCOP"

export function createVaultCopyStore(pool: Pool): VaultCopyStore {
  return {
    push: (clientId, { namespaces, entries, head }) =>
      withTenants(pool, [clientId], async (tx) => {
        await lockClient(tx, clientId);
        await advance(tx, clientId, head);
        await tx.query(
          `INSERT INTO token_vault_namespace (client_id, namespace, sealed)
           SELECT $1, n, s FROM unnest($2::bytea[], $3::bytea[]) AS pushed (n, s) ON CONFLICT DO NOTHING`,
          [clientId, namespaces.map(({ namespace }) => hex(namespace)), namespaces.map(({ sealed }) => base64(sealed))],
        );
        const owners = entries.map(({ namespace }) => hex(namespace));
        const erasures = entries.map(({ erasure }) => hex(erasure));
        const known = await tx.query<{ erased: string }>(
          `SELECT count(*) AS erased FROM unnest($2::bytea[], $3::bytea[]) AS pushed (n, e)
            WHERE EXISTS (SELECT 1 FROM token_vault_erasure WHERE client_id = $1 AND namespace = n AND erasure = e)`,
          [clientId, owners, erasures],
        );
        const { rowCount } = await tx.query(
          `INSERT INTO token_vault (client_id, namespace, token, erasure, sealed)
           SELECT $1, n, t, e, s FROM unnest($2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[]) AS pushed (n, t, e, s)
            WHERE NOT EXISTS (SELECT 1 FROM token_vault_erasure WHERE client_id = $1 AND namespace = n AND erasure = e)
           ON CONFLICT DO NOTHING`,
          [
            clientId,
            owners,
            entries.map(({ token }) => hex(token)),
            erasures,
            entries.map(({ sealed }) => base64(sealed)),
          ],
        );
        return { stored: rowCount ?? 0, erased: Number(known.rows[0]?.erased ?? 0) };
      }),
    erase: (clientId, { erasures, head }) =>
      withTenants(pool, [clientId], async (tx) => {
        await lockClient(tx, clientId);
        await advance(tx, clientId, head);
        const given = [erasures.map(({ namespace }) => hex(namespace)), erasures.map(({ erasure }) => hex(erasure))];
        const days = erasures.map(({ erased_on }) => erased_on);
        await tx.query(
          `INSERT INTO token_vault_erasure (client_id, namespace, erasure, erased_on)
           SELECT $1, n, e, max(d) FROM unnest($2::bytea[], $3::bytea[], $4::integer[]) AS given (n, e, d) GROUP BY n, e
           ON CONFLICT (client_id, namespace, erasure) DO UPDATE
             SET erased_on = greatest(token_vault_erasure.erased_on, excluded.erased_on)`,
          [clientId, ...given, days],
        );
        const { rowCount } = await tx.query(
          `DELETE FROM token_vault USING unnest($2::bytea[], $3::bytea[]) AS given (n, e)
            WHERE client_id = $1 AND namespace = n AND erasure = e`,
          [clientId, ...given],
        );
        return rowCount ?? 0;
      }),
    remove: (clientId) =>
      withTenants(pool, [clientId], async (tx) => {
        await lockClient(tx, clientId);
        const { rowCount } = await tx.query('DELETE FROM token_vault WHERE client_id = $1', [clientId]);
        await tx.query('DELETE FROM token_vault_namespace WHERE client_id = $1', [clientId]);
        await tx.query('DELETE FROM token_vault_erasure WHERE client_id = $1', [clientId]);
        await tx.query('DELETE FROM token_vault_head WHERE client_id = $1', [clientId]);
        return rowCount ?? 0;
      }),
    async lookup(clientId, ids) {
      const { rows } = await query<{ at: number; stored: boolean; erased_on: number | null }>(
        onlyTenants(pool, [clientId]),
        `SELECT (asked.at - 1)::int AS at, stored.erasure IS NOT NULL AS stored, erased.erased_on
           FROM unnest($2::bytea[], $3::bytea[]) WITH ORDINALITY AS asked (n, e, at)
           LEFT JOIN LATERAL (SELECT erasure FROM token_vault
             WHERE client_id = $1 AND namespace = asked.n AND erasure = asked.e LIMIT 1) stored ON true
           LEFT JOIN token_vault_erasure erased
             ON erased.client_id = $1 AND erased.namespace = asked.n AND erased.erasure = asked.e
          WHERE stored.erasure IS NOT NULL OR erased.erasure IS NOT NULL ORDER BY asked.at`,
        [clientId, ids.map(({ namespace }) => hex(namespace)), ids.map(({ erasure }) => hex(erasure))],
      );
      return rows.map(({ at, stored, erased_on }) => ({ index: at, stored, erased_on }));
    },
    async counts(clientId) {
      const own = onlyTenants(pool, [clientId]);
      const [namespaces, entries, erasures, heads] = await Promise.all([
        query<{ namespace: Buffer; sealed: Buffer }>(
          own,
          'SELECT namespace, sealed FROM token_vault_namespace WHERE client_id = $1 ORDER BY namespace',
          [clientId],
        ),
        count(own, 'token_vault', clientId),
        count(own, 'token_vault_erasure', clientId),
        query<{ sequence: string; sealed: Buffer }>(
          own,
          'SELECT sequence, sealed FROM token_vault_head WHERE client_id = $1',
          [clientId],
        ),
      ]);
      const [head] = heads.rows;
      return {
        namespaces: namespaces.rows.map(({ namespace, sealed }) => ({
          namespace: namespace.toString('hex'),
          sealed: sealed.toString('base64url'),
        })),
        entries,
        erasures,
        head:
          head === undefined ? null : { sequence: Number(head.sequence), sealed: head.sealed.toString('base64url') },
      };
    },
    async entriesAfter(clientId, after, limit) {
      const { rows } = await query<Record<'namespace' | 'token' | 'erasure' | 'sealed', Buffer>>(
        onlyTenants(pool, [clientId]),
        `SELECT namespace, token, erasure, sealed FROM token_vault
          WHERE client_id = $1 AND ($2::bytea IS NULL OR (namespace, token) > ($2, $3::bytea))
          ORDER BY namespace, token LIMIT $4`,
        [clientId, after ? hex(after.namespace) : null, after ? hex(after.token) : null, limit],
      );
      return rows.map(({ namespace, token, erasure, sealed }) => ({
        namespace: namespace.toString('hex'),
        token: token.toString('hex'),
        erasure: erasure.toString('hex'),
        sealed: sealed.toString('base64url'),
      }));
    },
    async erasuresAfter(clientId, after, limit) {
      const { rows } = await query<Record<'namespace' | 'erasure', Buffer> & { erased_on: number }>(
        onlyTenants(pool, [clientId]),
        `SELECT namespace, erasure, erased_on FROM token_vault_erasure
          WHERE client_id = $1 AND ($2::bytea IS NULL OR (namespace, erasure) > ($2, $3::bytea))
          ORDER BY namespace, erasure LIMIT $4`,
        [clientId, after ? hex(after.namespace) : null, after ? hex(after.erasure) : null, limit],
      );
      return rows.map(({ namespace, erasure, erased_on }) => ({
        namespace: namespace.toString('hex'),
        erasure: erasure.toString('hex'),
        erased_on,
      }));
    },
  };
}

/** A push and an erasure of one client come one after the other: none can store what the other is removing. */
async function lockClient(tx: PoolClient, clientId: string): Promise<void> {
  await tx.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [lockSpace, clientId]);
}

/** Takes the next head of a copy; the first one begins where the client says, so that numbers outlive a copy. */
async function advance(tx: PoolClient, clientId: string, { sequence, sealed }: VaultCopyHead): Promise<void> {
  const { rowCount } = await tx.query(
    `INSERT INTO token_vault_head AS present (client_id, sequence, sealed) VALUES ($1, $2, $3)
     ON CONFLICT (client_id) DO UPDATE SET sequence = excluded.sequence, sealed = excluded.sealed
      WHERE present.sequence + 1 = excluded.sequence`,
    [clientId, sequence, base64(sealed)],
  );
  if (rowCount !== 1) throw new RejectedError('vault-copy-changed');
}

async function count(own: Queryable, table: 'token_vault' | 'token_vault_erasure', clientId: string): Promise<number> {
  const { rows } = await query<{ n: string }>(own, `SELECT count(*) AS n FROM ${table} WHERE client_id = $1`, [
    clientId,
  ]);
  return Number(rows[0]?.n ?? 0);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

function base64(text: string): Buffer {
  return Buffer.from(text, 'base64url');
}
