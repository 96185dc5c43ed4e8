import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startEmptyDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { applyMigrations, migrationsAreCurrent, migrationsDir } from '../../src/database/index.ts';

describe('applyMigrations', () => {
  let database: TestDatabase;
  let client: pg.Client;
  let dir: string;

  beforeAll(async () => {
    database = await startEmptyDatabase();
    client = new pg.Client({ connectionString: database.dsn });
    await client.connect();
    dir = mkdtempSync(join(tmpdir(), 'sdp-migrations-'));
    cpSync(migrationsDir, dir, { recursive: true });
  });

  afterAll(async () => {
    await client.end();
    await database.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it('applies everything once, however many servers start together', async () => {
    const applied = await Promise.all(Array.from({ length: 5 }, () => applyMigrations(database.dsn, dir)));

    const names = applied.flat();
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
    const { rows } = await client.query('SELECT migration_name FROM _prisma_migrations ORDER BY 1');
    expect(rows.map((row) => row.migration_name)).toEqual([...names].sort());
    expect(await migrationsAreCurrent(client, dir)).toBe(true);
  });

  it('applies a migration that came later, and only that one', async () => {
    cpSync(join(migrationsDir), dir, { recursive: true });
    addMigration(dir, '20990101000000_later', 'CREATE TABLE later (id INTEGER PRIMARY KEY);');

    expect(await migrationsAreCurrent(client, dir)).toBe(false);
    expect(await applyMigrations(database.dsn, dir)).toEqual(['20990101000000_later']);
    expect(await applyMigrations(database.dsn, dir)).toEqual([]);
  });

  it('leaves nothing of a migration that fails half-way', async () => {
    addMigration(dir, '20990102000000_broken', 'CREATE TABLE half (id INTEGER); SELECT no_such_function();');

    await expect(applyMigrations(database.dsn, dir)).rejects.toThrow();

    const { rows } = await client.query("SELECT to_regclass('half') AS half");
    expect(rows[0].half).toBeNull();
    rmSync(join(dir, '20990102000000_broken'), { recursive: true });
    expect(await applyMigrations(database.dsn, dir)).toEqual([]);
  });

  it('refuses a migration that was edited after it was applied', async () => {
    writeFileSync(join(dir, '20990101000000_later', 'migration.sql'), 'CREATE TABLE later (id BIGINT PRIMARY KEY);');

    await expect(applyMigrations(database.dsn, dir)).rejects.toMatchObject({ code: 'migration-changed' });
  });

  it('refuses one that another tool started and did not finish', async () => {
    rmSync(join(dir, '20990101000000_later'), { recursive: true });
    await client.query(
      `UPDATE _prisma_migrations SET finished_at = NULL
        WHERE migration_name = (SELECT min(migration_name) FROM _prisma_migrations)`,
    );

    await expect(applyMigrations(database.dsn, dir)).rejects.toMatchObject({ code: 'migration-changed' });
  });
});

it('says that the database is unavailable when nothing listens there', async () => {
  await expect(applyMigrations('postgresql://sdp:none@127.0.0.1:1/none')).rejects.toMatchObject({
    code: 'database-unavailable',
  });
});

function addMigration(dir: string, name: string, sql: string): void {
  cpSync(join(dir, '20261121050000_batches_records_and_keys'), join(dir, name), { recursive: true });
  writeFileSync(join(dir, name, 'migration.sql'), sql);
}
