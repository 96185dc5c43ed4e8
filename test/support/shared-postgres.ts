import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { applyMigrations, startEmbeddedPostgres } from '../../server/src/database/index.ts';

/** A PostgreSQL that many test files make databases on. */
export interface SharedPostgres {
  readonly dsn: string;
  /** Name of a database with all migrations applied, to be copied. */
  readonly template: string;
  stop(): Promise<void>;
}

/** Nobody needs these data after a crash. */
const throwaway = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '400',
  shared_buffers: '64MB',
};

/** Starts one, or takes the server of `SDP_TEST_DB_DSN` (whose role must be allowed to make databases). */
export async function startSharedPostgres(): Promise<SharedPostgres> {
  const given = process.env['SDP_TEST_DB_DSN'];
  if (given) {
    const template = await makeTemplate(given);
    return {
      dsn: given,
      template,
      stop: () => onServer(given, `DROP DATABASE IF EXISTS ${template} WITH (FORCE)`),
    };
  }
  removeAbandoned();
  const dataDir = mkdtempSync(join(reachableTmp, prefix));
  writeFileSync(join(dataDir, 'test-process'), String(process.pid));
  const remove = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    const postgres = await startEmbeddedPostgres({ dataDir, settings: throwaway });
    const stop = async () => {
      await postgres.stop();
      remove();
    };
    return { dsn: postgres.dsn, template: await makeTemplate(postgres.dsn), stop };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Runs one statement on a connection of its own. */
export async function onServer(dsn: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: dsn });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The same server, another database. */
export function withDatabase(dsn: string, name: string): string {
  const url = new URL(dsn);
  url.pathname = `/${name}`;
  return url.href;
}

async function makeTemplate(dsn: string): Promise<string> {
  const name = `template_${randomUUID().replaceAll('-', '')}`;
  await onServer(dsn, `CREATE DATABASE ${name}`);
  await applyMigrations(withDatabase(dsn, name));
  return name;
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
