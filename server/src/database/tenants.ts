import pg from 'pg';
import { type Pool, type PoolClient, withTransaction } from './pool.ts';

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
export function withTenants<T>(
  pool: Pool,
  tenants: readonly string[] | '*',
  work: (client: PoolClient) => Promise<T>,
): Promise<T> {
  const setting = tenantSetting(tenants);
  return withTransaction(pool, async (client) => {
    // One round trip for both.
    await client.query(`SET LOCAL ROLE ${tenantRole}; SET LOCAL sdp.tenants = ${pg.escapeLiteral(setting)}`);
    return work(client);
  });
}

/** As `sdp_sees()` reads it. */
export function tenantSetting(tenants: readonly string[] | '*'): string {
  if (tenants === '*') return '*';
  for (const each of tenants) if (!clientIdPattern.test(each)) throw new RangeError('not a client id');
  return tenants.join(',');
}
