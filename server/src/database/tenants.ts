import pg from 'pg';
import { type Pool, type PoolClient, type Queryable, withTransaction } from './pool.ts';

/** Client ids, or all of them. */
type Tenants = readonly string[] | '*';

/** The role under which the API works for tenants. It can't get around row-level security and owns no table. */
export const tenantRole = 'sdp_api';

const clientIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Runs `work` in one transaction that sees and writes rows of these tenants alone, whatever its statements say: PostgreSQL keeps
 * to it (row-level security). Both role and tenants end with the transaction.
 *
 * @param tenants client ids, or `*` for all
 * @throws {RangeError} for what can't be a client id
 * @throws {UnavailableError} `database-unavailable` when the connection cannot be made or is lost
 */
export function withTenants<T>(pool: Pool, tenants: Tenants, work: (client: PoolClient) => Promise<T>): Promise<T> {
  const become = becoming(tenants);
  return withTransaction(pool, async (client) => {
    await client.query(become);
    return work(client);
  });
}

/**
 * The same for a part of a transaction of the server's own, which goes on as itself afterwards. For what is stored together with
 * rows that belong to no tenant. If `work` fails the transaction is over.
 */
export async function inTenants<T>(client: PoolClient, tenants: Tenants, work: () => Promise<T>): Promise<T> {
  await client.query(becoming(tenants));
  const result = await work();
  await client.query("SET LOCAL ROLE NONE; SET LOCAL sdp.tenants = '*'");
  return result;
}

/** Runs each statement by itself through {@link withTenants}: for reading page by page, at a reader's pace. */
export function onlyTenants(pool: Pool, tenants: Tenants): Queryable {
  return { query: (text, values) => withTenants(pool, tenants, (client) => client.query(text, values)) };
}

/** One round trip for both. */
function becoming(tenants: Tenants): string {
  return `SET LOCAL ROLE ${tenantRole}; SET LOCAL sdp.tenants = ${pg.escapeLiteral(tenantSetting(tenants))}`;
}

/** As `sdp_sees()` reads it. */
function tenantSetting(tenants: Tenants): string {
  if (tenants === '*') return '*';
  for (const each of tenants) if (!clientIdPattern.test(each)) throw new RangeError('not a client id');
  return tenants.join(',');
}
