import { randomUUID } from 'node:crypto';
import { parseMasterKey } from '@sdp/shared/crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import {
  createPool,
  inTenants,
  onlyTenants,
  type Pool,
  withTenants,
  withTransaction,
} from '../../src/database/index.ts';
import { openDataKeyRing } from '../../src/records/index.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  await openDataKeyRing(pool, parseMasterKey(Buffer.alloc(32, 1).toString('base64url')));
  for (const client of ['acme', 'globex']) {
    await pool.query(`INSERT INTO upload_key (client_id, idempotency_key, batch_id) VALUES ($1, 'k', $2)`, [
      client,
      randomUUID(),
    ]);
  }
});
afterAll(async () => {
  await pool.end();
  await database.stop();
});

const sql = 'SELECT client_id FROM upload_key ORDER BY client_id';
const clientsOf = ({ rows }: pg.QueryResult) => rows.map(({ client_id }) => client_id);

describe('every table', () => {
  it('that belongs to clients has row-level security, forced, with a policy', async () => {
    const { rows } = await pool.query(
      `SELECT DISTINCT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity
              AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid) AS kept
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND a.attname IN ('client_id', 'tenant', 'tenants', 'batch_id', 'job_id') ORDER BY 1`,
    );
    expect(rows.length).toBeGreaterThanOrEqual(17);
    expect(rows.filter(({ kept }) => !kept)).toEqual([]);
  });

  it('that the role of the API is granted belongs to clients, and none is its own', async () => {
    const { rows } = await pool.query(
      `SELECT c.relname AS name, c.relrowsecurity AS kept, pg_get_userbyid(c.relowner) AS owner FROM pg_class c
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace = 'public'::regnamespace
          AND has_table_privilege('sdp_api', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')`,
    );
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter(({ kept, owner }) => !kept || owner === 'sdp_api')).toEqual([]);
    const { rows: owned } = await pool.query(
      "SELECT relname FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = 'sdp_api')",
    );
    expect(owned).toEqual([]);
  });

  it('of what is only ever added to can’t be changed by the role of the API', async () => {
    for (const table of ['access_log', 'audit_event']) {
      for (const privilege of ['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) {
        const { rows } = await pool.query(`SELECT has_table_privilege('sdp_api', $1, $2) AS has`, [table, privilege]);
        expect([table, privilege, rows[0].has]).toEqual([table, privilege, false]);
      }
    }
  });
});

describe('the role of the API', () => {
  it('can’t get around row-level security', async () => {
    const { rows } = await pool.query(
      "SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = 'sdp_api'",
    );
    expect(Object.values(rows[0])).toEqual([false, false, false, false, false]);
    const { rows: memberships } = await pool.query(
      "SELECT 1 FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = 'sdp_api')",
    );
    expect(memberships).toEqual([]);
    await expect(
      withTenants(pool, ['acme'], async (client) => {
        await client.query('SET row_security = off');
        return client.query(sql);
      }),
    ).rejects.toThrow(/row-level security/);
  });

  it('sees nothing where no client is set, or nobody', async () => {
    for (const setting of [undefined, '', 'nobody', ' acme', 'ACME', 'acme;globex', 'acme%', "acme' OR true --"]) {
      const rows = await withTransaction(pool, async (client) => {
        await client.query('RESET sdp.tenants; SET LOCAL ROLE sdp_api');
        if (setting === undefined) await client.query('SET LOCAL sdp.tenants TO DEFAULT');
        else await client.query("SELECT set_config('sdp.tenants', $1, true)", [setting]);
        return clientsOf(await client.query(sql));
      });
      // The pool's own default is all; what stands in its place is not.
      expect([setting, rows]).toEqual([setting, setting === undefined ? ['acme', 'globex'] : []]);
    }
    const client = new pg.Client({ connectionString: database.dsn });
    await client.connect();
    try {
      await client.query('SET ROLE sdp_api');
      expect(clientsOf(await client.query(sql))).toEqual([]);
    } finally {
      await client.end();
    }
  });

  it('sees the clients that are set, and no others', async () => {
    const seen = (tenants: readonly string[] | '*') =>
      withTenants(pool, tenants, async (c) => clientsOf(await c.query(sql)));
    expect(await seen(['acme'])).toEqual(['acme']);
    expect(await seen(['globex', 'acme', 'other'])).toEqual(['acme', 'globex']);
    expect(await seen([])).toEqual([]);
    expect(await seen('*')).toEqual(['acme', 'globex']);
    expect(clientsOf(await onlyTenants(pool, ['globex']).query(sql))).toEqual(['globex']);
  });

  it('changes no row of another client, and makes none', async () => {
    const change = (text: string) => withTenants(pool, ['acme'], (client) => client.query(text));
    expect((await change("UPDATE upload_key SET sha256 = '\\x00' WHERE client_id = 'globex'")).rowCount).toBe(0);
    await expect(change("UPDATE upload_key SET client_id = 'globex'")).rejects.toThrow(/row-level security/);
    const insert = `INSERT INTO upload_key (client_id, idempotency_key, batch_id) VALUES ('globex', 'l', gen_random_uuid())`;
    await expect(change(insert)).rejects.toThrow(/row-level security/);
    await expect(change("DELETE FROM upload_key WHERE client_id = 'acme'")).rejects.toThrow(/permission denied/);
  });

  it('reaches nothing that belongs to no client', async () => {
    for (const table of [
      'data_key',
      'api_key',
      'bus_log',
      'outbox',
      'message_audit',
      '_prisma_migrations',
      'model_version',
    ]) {
      const read = withTenants(pool, '*', (client) => client.query(`SELECT * FROM ${table}`));
      await expect(read, table).rejects.toThrow(/permission denied/);
    }
  });

  it('is left again at the end of a transaction, however it ends', async () => {
    const one = createPool({ dsn: database.dsn, applicationName: 'test', maxConnections: 1 });
    const who = async () => {
      const { rows } = await one.query("SELECT current_user AS role, current_setting('sdp.tenants') AS tenants");
      return rows[0];
    };
    try {
      const before = await who();
      expect(before.tenants).toBe('*');
      await withTenants(one, ['acme'], (client) => client.query(sql));
      expect(await who()).toEqual(before);
      await withTenants(one, ['acme'], (client) => client.query('SELECT 1/0')).catch(() => undefined);
      expect(await who()).toEqual(before);
      await withTransaction(one, async (client) => {
        expect(await inTenants(client, ['acme'], async () => clientsOf(await client.query(sql)))).toEqual(['acme']);
        expect(clientsOf(await client.query(sql))).toEqual(['acme', 'globex']);
      });
      expect(await who()).toEqual(before);
    } finally {
      await one.end();
    }
  });

  it('is given no client id that could mean more than itself', () => {
    for (const id of ['*', 'a,b', '', "a'b", 'a\\b', 'a b', '\u0000']) {
      expect(() => withTenants(pool, [id], async () => undefined), id).toThrow(RangeError);
    }
  });
});

it('rows of records show to those who see their batch', async () => {
  const ids: Record<string, string> = { acme: randomUUID(), globex: randomUUID() };
  for (const [client, id] of Object.entries(ids)) {
    await pool.query(
      `INSERT INTO processing_batch (batch_id, client_id, processing_type, record_count, columns, key_index, key_id, sha256)
       VALUES ($1, $2, 'anomaly_detection', 1, '{a}', 0, (SELECT min(key_id) FROM data_key), '')`,
      [id, client],
    );
    for (const table of ['tokenized_record', 'processed_result']) {
      await pool.query(`INSERT INTO ${table} (batch_id, seq, block_seq, sha256) VALUES ($1, 1, 1, '')`, [id]);
    }
  }
  for (const table of ['tokenized_record', 'processed_result']) {
    const seen = (tenants: readonly string[] | '*') =>
      withTenants(pool, tenants, async (client) =>
        (await client.query(`SELECT batch_id FROM ${table}`)).rows.map(({ batch_id }) => batch_id).sort(),
      );
    expect(await seen(['acme'])).toEqual([ids['acme']]);
    expect(await seen(['other'])).toEqual([]);
    expect(await seen('*')).toEqual(Object.values(ids).sort());
  }
});
