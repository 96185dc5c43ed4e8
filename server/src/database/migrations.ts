import { createHash, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, IntegrityError } from '@sdp/shared/errors';
import pg from 'pg';
import { asDatabaseError, sqlStateOf } from './database-error.ts';

/** `server/prisma/migrations`, seen from `src/database` and `dist/database` alike. */
export const migrationsDir = fileURLToPath(new URL('../../prisma/migrations', import.meta.url));

/** The advisory lock that Prisma's own engine takes, so that the two never migrate at once. */
const advisoryLock = 72_707_369;
const lockTimeoutMs = 60_000;
const insufficientPrivilege = '42501';

/** As Prisma makes it. */
const bookkeepingTable = `
  CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
  )`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  /** Hex SHA-256 of the file, as Prisma computes it. */
  readonly checksum: string;
}

interface AppliedMigration {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

/**
 * Brings the database to the state of the migration folder. Each migration and its row of bookkeeping are one transaction;
 * servers that start together wait for one another.
 *
 * @returns names of the migrations applied by this call
 * @throws {ConfigError} `database-privileges`
 * @throws {IntegrityError} `migration-changed` when one that was applied differs from its file, or was left half-done
 * @throws {UnavailableError} `database-unavailable`
 */
export async function applyMigrations(dsn: string, dir: string = migrationsDir): Promise<string[]> {
  const client = new pg.Client({
    connectionString: dsn,
    application_name: 'sdp-migrate',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    // Rows of all tenants: a migration may have to change them.
    await client.query("SELECT set_config('lock_timeout', $1, false), set_config('sdp.tenants', '*', false)", [
      String(lockTimeoutMs),
    ]);
    await client.query('SELECT pg_advisory_lock($1)', [advisoryLock]);
    await client.query(bookkeepingTable);
    const applied = await appliedMigrations(client);
    const pending = pendingMigrations(readMigrations(dir), applied);
    for (const migration of pending) await applyMigration(client, migration);
    return pending.map(({ name }) => name);
  } catch (error) {
    if (sqlStateOf(error) === insufficientPrivilege) throw new ConfigError('database-privileges');
    throw asDatabaseError(error);
  } finally {
    // Ends the session and with it the lock.
    await client.end().catch(() => undefined);
  }
}

/** @returns whether every migration of the folder is applied and unchanged */
export async function migrationsAreCurrent(
  client: pg.ClientBase | pg.Pool,
  dir: string = migrationsDir,
): Promise<boolean> {
  const { rows } = await client.query<{ present: boolean }>(
    "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS present",
  );
  if (!rows[0]?.present) return false;
  return pendingMigrations(readMigrations(dir), await appliedMigrations(client)).length === 0;
}

function readMigrations(dir: string): Migration[] {
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort()
    .map((name) => {
      const sql = readFileSync(join(dir, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    });
}

async function appliedMigrations(client: pg.ClientBase | pg.Pool): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>(
    `SELECT migration_name, checksum, finished_at IS NOT NULL AS finished
       FROM _prisma_migrations WHERE rolled_back_at IS NULL`,
  );
  return rows;
}

/** Migrations that the folder doesn't have are left alone: a newer program has made them. */
function pendingMigrations(migrations: readonly Migration[], applied: readonly AppliedMigration[]): Migration[] {
  const known = new Map(applied.map((row) => [row.migration_name, row]));
  return migrations.filter(({ name, checksum }) => {
    const row = known.get(name);
    if (!row) return true;
    if (!row.finished) {
      throw new IntegrityError('migration-changed', {
        message: `The migration ${name} was started by another tool and not finished`,
        remedy: 'Finish or roll it back with that tool (`prisma migrate resolve`), then start again.',
      });
    }
    if (row.checksum !== checksum) {
      throw new IntegrityError('migration-changed', {
        message: `The migration ${name} has changed since it was applied`,
      });
    }
    return false;
  });
}

async function applyMigration(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
