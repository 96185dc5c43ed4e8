import pg from 'pg';
import { asDatabaseError } from './database-error.ts';

export type Pool = pg.Pool;
export type PoolClient = pg.PoolClient;

/** What statements can be given to: a pool, a connection, or something that bounds them. */
export interface Queryable {
  query<R extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<R>>;
}

export interface PoolOptions {
  readonly dsn: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  readonly maxConnections?: number;
  readonly connectTimeoutMs?: number;
  /** Bound on one statement; a transaction that streams sets its own. */
  readonly statementTimeoutMs?: number;
  /** Called when an idle connection breaks; the pool replaces it by itself. */
  readonly onIdleError?: () => void;
}

export function createPool(options: PoolOptions): Pool {
  const pool = new pg.Pool({
    ...forAllTenants(options.dsn),
    application_name: options.applicationName,
    max: options.maxConnections ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 5_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    idle_in_transaction_session_timeout: 60_000,
  });
  pool.on('error', () => {
    // While the pool ends, a database that stops as well is no news.
    if (!pool.ending) options.onIdleError?.();
  });
  // A connection that breaks while lent out says so by its query's failure; without a listener it would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/**
 * Connections of the server's own see rows of all tenants unless they say otherwise (`tenants.ts`). A superuser does so anyway;
 * the owner of the tables does not.
 */
function forAllTenants(dsn: string): { readonly connectionString: string; readonly options?: string } {
  const given = /([?&]options=)([^&]*)/;
  if (!given.test(dsn)) return { connectionString: dsn, options: '-c sdp.tenants=*' };
  return { connectionString: dsn.replace(given, '$1$2%20-c%20sdp.tenants%3D%2A') };
}

/**
 * Runs `work` on one connection inside a transaction: commits when it returns, rolls back when it throws. A connection that
 * can't even roll back is thrown away.
 *
 * @throws {UnavailableError} `database-unavailable` when the connection cannot be made or is lost
 */
export async function withTransaction<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    throw asDatabaseError(error);
  }
  let broken = false;
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    try {
      await client.query('ROLLBACK');
    } catch {
      broken = true;
    }
    throw asDatabaseError(error);
  } finally {
    client.release(broken);
  }
}

/** One statement, on a connection of the pool or inside the client's transaction. @throws {UnavailableError} `database-unavailable` */
export async function query<R extends pg.QueryResultRow>(
  db: Queryable,
  text: string,
  values?: readonly unknown[],
): Promise<pg.QueryResult<R>> {
  try {
    return await db.query<R>(text, values as unknown[]);
  } catch (error) {
    throw asDatabaseError(error);
  }
}
