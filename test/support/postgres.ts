import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { onServer, type SharedPostgres, startSharedPostgres, withDatabase } from './shared-postgres.ts';

export interface TestDatabase {
  readonly dsn: string;
  stop(): Promise<void>;
}

let server: Promise<SharedPostgres> | undefined;
let databasesInUse = 0;

/**
 * A fresh database with all migrations applied, on the one PostgreSQL of the test run. Outside of a test run the first call
 * starts a server, which ends with the last database.
 */
export async function startTestDatabase(): Promise<TestDatabase> {
  return makeDatabase(({ template }) => `TEMPLATE ${template}`);
}

/** A fresh database without tables. */
export async function startEmptyDatabase(): Promise<TestDatabase> {
  return makeDatabase(() => '');
}

async function makeDatabase(clause: (server: SharedPostgres) => string): Promise<TestDatabase> {
  databasesInUse++;
  server ??= findServer();
  const found = await server;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(found.dsn, `CREATE DATABASE ${name} ${clause(found)}`);
  return {
    dsn: withDatabase(found.dsn, name),
    stop: async () => {
      await onServer(found.dsn, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      if (--databasesInUse > 0) return;
      server = undefined;
      await found.stop();
    },
  };
}

async function findServer(): Promise<SharedPostgres> {
  const port = await portOfRun();
  if (port === undefined) return startSharedPostgres();
  const address = await text(connect(port, '127.0.0.1'));
  if (address === '') throw new Error('the PostgreSQL of this test run did not start');
  return { ...(JSON.parse(address) as Pick<SharedPostgres, 'dsn' | 'template'>), stop: async () => undefined };
}

/** Undefined outside of a test run: benchmarks use these databases too. */
async function portOfRun(): Promise<number | undefined> {
  if (process.env['VITEST'] === undefined) return undefined;
  const { inject } = await import('vitest');
  return inject('postgresPort');
}
