import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { applyMigrations, type EmbeddedPostgres, startEmbeddedPostgres } from '../../server/src/database/index.ts';

export interface TestDatabase {
  readonly dsn: string;
  stop(): Promise<void>;
}

/** Nobody needs these data after a crash. */
const throwaway = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
};

interface SharedServer {
  readonly dsn: string;
  stop(): Promise<void>;
}

let server: Promise<SharedServer> | undefined;
let migrated: Promise<string> | undefined;
let databasesInUse = 0;

/**
 * A fresh database with all migrations applied, on one embedded PostgreSQL per vitest process, or on the server of
 * `SDP_TEST_DB_DSN` (whose role must be allowed to make databases).
 */
export async function startTestDatabase(): Promise<TestDatabase> {
  return makeDatabase(async (dsn) => {
    migrated ??= makeTemplate(dsn);
    return `TEMPLATE ${await migrated}`;
  });
}

/** A fresh database without tables. */
export async function startEmptyDatabase(): Promise<TestDatabase> {
  return makeDatabase(async () => '');
}

async function makeDatabase(clause: (dsn: string) => Promise<string>): Promise<TestDatabase> {
  databasesInUse++;
  server ??= startServer();
  const { dsn } = await server;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(dsn, `CREATE DATABASE ${name} ${await clause(dsn)}`);
  return {
    dsn: withDatabase(dsn, name),
    stop: async () => {
      await onServer(dsn, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      if (--databasesInUse === 0) await stopServer(dsn);
    },
  };
}

async function stopServer(dsn: string): Promise<void> {
  const running = await server;
  const template = await migrated;
  server = undefined;
  migrated = undefined;
  if (template) await onServer(dsn, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`);
  await running?.stop();
}

async function startServer(): Promise<SharedServer> {
  const given = process.env['SDP_TEST_DB_DSN'];
  if (given) return { dsn: given, stop: async () => undefined };
  removeAbandoned();
  const dataDir = mkdtempSync(join(reachableTmp, prefix));
  writeFileSync(join(dataDir, 'test-process'), String(process.pid));
  const postgres: EmbeddedPostgres = await startEmbeddedPostgres({ dataDir, settings: throwaway });
  return {
    dsn: postgres.dsn,
    stop: async () => {
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Not os.tmpdir(): TMPDIR may lie under a folder that is closed to the account PostgreSQL runs as. */
const reachableTmp = process.platform === 'win32' ? (process.env['TEMP'] ?? '.') : '/tmp';
const prefix = 'sdp-test-postgres-';

/** Folders of test processes that were killed. */
function removeAbandoned(): void {
  for (const name of readdirSync(reachableTmp)) {
    if (!name.startsWith(prefix)) continue;
    const dir = join(reachableTmp, name);
    try {
      process.kill(Number(readFileSync(join(dir, 'test-process'), 'utf8')), 0);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') rmSync(dir, { recursive: true, force: true });
    }
  }
}

async function makeTemplate(dsn: string): Promise<string> {
  const name = `template_${randomUUID().replaceAll('-', '')}`;
  await onServer(dsn, `CREATE DATABASE ${name}`);
  await applyMigrations(withDatabase(dsn, name));
  return name;
}

function withDatabase(dsn: string, name: string): string {
  const url = new URL(dsn);
  url.pathname = `/${name}`;
  return url.href;
}

async function onServer(dsn: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
