import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, it } from 'vitest';
import { startEmptyDatabase } from '../../../test/support/postgres.ts';
import { openAnchor, verifyLedger } from '../../src/audit/index.ts';
import { reencrypt } from '../../src/data-keys/index.ts';
import { applyMigrations, withTransaction } from '../../src/database/index.ts';
import { defaultScopesOf } from '../../src/identity/index.ts';
import { sweep } from '../../src/integrity/index.ts';
import { rotateDataKey } from '../../src/records/index.ts';
import { bootstrapApiKey, csvHeaders, type RunningServer, startServer, untilFinal } from '../support/running-server.ts';
import { call } from './signed-in-user.ts';

const count = 17_000;

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
      const rows = Array.from({ length: count }, (_, i) => `tok_${i},${i}`);
      const upload = {
        method: 'POST',
        body: `id,n\n${rows.join('\n')}\n`,
        headers: { ...csvHeaders, 'X-SDP-Index': encodeURIComponent('{"n":"range"}') },
      };
      const { batch_id: batchId } = (await (await server.fetch('/api/v1/process', upload)).json()) as {
        batch_id: string;
      };
      expect(await untilFinal(server, batchId)).toBe('PROCESSED');
      const results = (await (await server.fetch(`/api/v1/results/${batchId}`)).json()) as { results: unknown[] };
      expect(results.results).toHaveLength(count);
      // Long enough that rows of the index are stored in between.
      const path = `/api/v1/jobs/${batchId}/records?filter=n:eq:${count - 1}`;
      const found = (await (await server.fetch(path)).json()) as { records: { record_id: string; values: object }[] };
      expect(found.records).toMatchObject([{ record_id: `${batchId}.${count}`, values: { id: `tok_${count - 1}` } }]);
      await proposeAndApprove(server, `${batchId}.${count}`);

      await rotateAndVerify(server);

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

/** What works on all clients' data: keys, sweep and ledger. */
async function rotateAndVerify({ platform }: RunningServer): Promise<void> {
  const { pool, keyRing, roots, serverKey, recordAudit, ledger, settings } = platform;
  const { retired } = await withTransaction(pool, (tx) => rotateDataKey(tx, serverKey));
  const actor = { kind: 'operator', id: 'test' } as const;
  const round = await reencrypt({ pool, keyRing, roots, recordAudit, actor, graceMs: 0 });
  // The batch, the version and the proposal.
  expect(round).toEqual({ resealed: 3, tampered: 0, destroyed: [retired] });
  expect(await sweep({ pool, keyRing, roots, serverKey })).toMatchObject({ batches: 1, findings: [] });
  await ledger.flush();
  const { found, entries, findings } = await verifyLedger({
    pool,
    serverKey,
    anchor: openAnchor(settings.audit.anchor),
  });
  expect(entries).toBeGreaterThan(5);
  // Nothing but what was anchored may still be to come.
  expect(findings.filter(({ kind }) => kind !== 'anchor-missing')).toEqual([]);
  expect(found).toBeLessThanOrEqual(1);
}

/** Two pairs of eyes, each with a key of its own. */
async function proposeAndApprove(server: RunningServer, recordId: string): Promise<void> {
  const staff = async (role: 'DataAnalyst' | 'DataEngineer') => {
    const scopes = defaultScopesOf(role);
    const { text } = await server.keys.create({ role, tenants: ['acme'], label: '', scopes, allowDeclaredSafe: false });
    return (path: string, body: object) =>
      call(server, path, { method: 'POST', body, headers: { 'X-API-Key': text, 'If-Match': '"v1"' } });
  };
  const [analyst, engineer] = [await staff('DataAnalyst'), await staff('DataEngineer')];
  const edit = { values: { n: '7' }, reason: 'correction' };
  const proposed = await analyst(`/api/v1/records/${recordId}/proposals`, edit);
  expect(proposed.status).toBe(201);
  const path = `/api/v1/proposals/${proposed.body.proposal_id}/approve`;
  expect((await analyst(path, { reason: 'own' })).status).toBe(403);
  expect((await engineer(path, { reason: 'checked' })).status).toBe(200);
  const { body } = await call(server, `/api/v1/records/${recordId}`, { headers: { 'X-API-Key': bootstrapApiKey } });
  expect(body).toMatchObject({ version: 2, values: { n: '7' } });
}
