import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { Product } from '../../../test/support/product.ts';
import { writeAnomalies } from '../../src/anomaly-events/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { sampleFinding } from './sample-finding.ts';

let product: Product;
let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  product = Product.create();
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
});
afterAll(async () => {
  await product.remove();
  await pool.end();
  await database.stop();
});

it('operators see anomalies as tables and handle them, and the trail says who', async () => {
  const run = (...args: string[]) =>
    product.sdpServer(['anomalies', ...args], { environment: { DB_DSN: database.dsn } });
  expect((await run('list')).stdout).toBe('There are no such anomalies.\n');
  await withTransaction(pool, (tx) =>
    writeAnomalies(tx, [sampleFinding({ userId: 'tok_1' }), sampleFinding({ clientId: 'globex', level: 'CRITICAL' })]),
  );
  const { anomalies } = JSON.parse((await run('list', '--client-id', 'acme', '--json')).stdout);
  expect(anomalies).toHaveLength(1);
  const id = anomalies[0].anomaly_id as string;
  const table = (await run('list')).stdout.trimEnd().split('\n');
  expect(table).toHaveLength(4);
  expect(table.find((line) => line.startsWith(id))).toMatch(/ acme +ERROR +OPEN +Many errors +tok_1 +0$/);

  const shown = (await run('acknowledge', id, '--note', 'looking into it')).stdout;
  for (const part of ['"rule":"error-burst"', 'logs/0 0–1', 'ACKNOWLEDGED', 'looking into it', 'operator ']) {
    expect(shown).toContain(part);
  }
  const again = await run('acknowledge', id);
  expect([again.status, again.stdout]).toEqual([8, '']);
  const raw = await run('resolve', id, '--note', 'told anna.schmidt@example.org');
  expect([raw.status, raw.stderr.includes('anna')]).toEqual([4, false]);
  expect((await run('show', 'x')).status).toBe(2);
  const { rows } = await pool.query(
    "SELECT actor_kind, action, subject FROM audit_event WHERE action LIKE 'anomaly.%'",
  );
  expect(rows).toEqual([{ actor_kind: 'operator', action: 'anomaly.acknowledged', subject: id }]);
}, 60_000);
