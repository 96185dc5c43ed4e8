import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startEmptyDatabase } from '../../../test/support/postgres.ts';
import { applyMigrations } from '../../src/database/index.ts';
import { csvHeaders, startServer, untilFinal } from '../support/running-server.ts';

it('works as an owner that row-level security holds as well', async () => {
  const database = await startEmptyDatabase();
  const role = `plain_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Client({ connectionString: database.dsn });
  await admin.connect();
  const own = new URL(database.dsn);
  own.username = role;
  own.password = 'a-password-of-a-test';
  try {
    await admin.query(`CREATE ROLE ${role} LOGIN PASSWORD '${own.password}'`);
    await admin.query(`ALTER DATABASE ${own.pathname.slice(1)} OWNER TO ${role}`);
    // It may neither make the role of the API nor become it: an administrator has to say so.
    await expect(applyMigrations(own.href)).rejects.toMatchObject({ code: 'database-privileges' });
    await admin.query(`DO $$ BEGIN CREATE ROLE sdp_api NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`);
    await admin.query(`GRANT sdp_api TO ${role}`);

    const server = await startServer({ roles: ['anomaly'], environment: { DB_DSN: own.href } });
    try {
      const rows = Array.from({ length: 300 }, (_, i) => `tok_${i},${i}`);
      const upload = { method: 'POST', body: `id,n\n${rows.join('\n')}\n`, headers: csvHeaders };
      const { batch_id: batchId } = (await (await server.fetch('/api/v1/process', upload)).json()) as {
        batch_id: string;
      };
      expect(await untilFinal(server, batchId)).toBe('PROCESSED');
      const results = (await (await server.fetch(`/api/v1/results/${batchId}`)).json()) as { results: unknown[] };
      expect(results.results).toHaveLength(300);

      // By hand, on a connection that doesn't say for whom: nothing shows.
      const client = new pg.Client({ connectionString: own.href });
      await client.connect();
      const { rows: seen } = await client.query(
        'SELECT (SELECT count(*) FROM processing_batch) AS batches, (SELECT count(*) FROM tokenized_record) AS records',
      );
      await client.end();
      expect(seen).toEqual([{ batches: '0', records: '0' }]);
    } finally {
      await server.stop();
    }
  } finally {
    await admin.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER`).catch(() => undefined);
    await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`).catch(() => undefined);
    await admin.end();
    await database.stop();
  }
}, 60_000);
