import { problemSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { forgetTransactions } from '../../src/transactions/index.ts';
import {
  type Answer,
  aTransaction,
  embeddedGround,
  startApi,
  startWorkers,
  type WorkerProcess,
} from './support/pipeline.ts';

let database: TestDatabase;
let worker: WorkerProcess;
beforeAll(async () => {
  database = await startTestDatabase();
  worker = await startWorkers(embeddedGround(database.dsn));
});
afterAll(async () => {
  await worker.stop();
  await database.stop();
});

/** Keeps every decision back until the function returned is called. */
function holdBack(): () => void {
  let open: () => void = () => undefined;
  worker.scorer.gate = new Promise((resolve) => {
    open = resolve;
  });
  return () => open();
}

it('takes no more than may wait, says when to come again, and forgets nobody who waits', async () => {
  const api = await startApi(embeddedGround(database.dsn), { maxWaiting: 10 });
  const open = holdBack();
  const waiting = Array.from({ length: 10 }, () => api.post(aTransaction(), '?wait_ms=20000'));
  await expect
    .poll(async () => (await (await fetch(`${api.url}/metrics`)).text()).includes('sdp_transactions_waiting 10'))
    .toBe(true);
  const refused = aTransaction();
  const { status, headers, body } = await api.post(refused);
  expect([status, problemSchema.parse(body).code, headers.get('retry-after')]).toEqual([503, 'server-busy', '1']);
  expect((await api.get(`/api/v1/transactions/${refused.transaction_id}`)).status).toBe(404);
  open();
  for (const each of await Promise.all(waiting)) expect([each.status, each.body.status]).toEqual([200, 'DECIDED']);
  expect((await api.post(refused)).status).toBe(200);
  await api.stop();
});

it('holds each key to its rate, by transactions and not by requests', async () => {
  const api = await startApi(embeddedGround(database.dsn), { ratePerMinute: 60 });
  const many = () => ({ transactions: Array.from({ length: 500 }, () => aTransaction()) });
  expect((await api.post(many(), '?wait_ms=0')).status).toBe(202);
  expect((await api.post(many(), '?wait_ms=0')).status).toBe(202);
  const { status, headers, body } = await api.post(many(), '?wait_ms=0');
  expect([status, body.code]).toEqual([429, 'rate-limited']);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(400);
  const { text } = await api.newKey('another');
  const init = { method: 'POST', body: JSON.stringify(aTransaction()), headers: { 'X-API-Key': text } };
  // Decided, or still behind the thousand before it.
  expect([200, 202]).toContain((await api.fetch('/api/v1/transactions', init)).status);
  await api.stop();
});

it('answers who waits when it stops, and another process has the decision', async () => {
  const api = await startApi(embeddedGround(database.dsn));
  const open = holdBack();
  const transaction = aTransaction();
  const waiting = api.post(transaction, '?wait_ms=1000');
  await expect.poll(async () => (await api.get(`/api/v1/transactions/${transaction.transaction_id}`)).status).toBe(200);
  const stopping = api.stop();
  expect((await waiting).status).toBe(202);
  await stopping;
  const other = await startApi(embeddedGround(database.dsn));
  open();
  const again = await other.post(transaction, '?wait_ms=10000');
  expect([again.status, again.body.status]).toEqual([200, 'DECIDED'] satisfies [number, Answer['status']]);
  await other.stop();
});

it('forgets what is older than its retention, and keeps the rest and the audit trail', async () => {
  const api = await startApi(embeddedGround(database.dsn));
  const [old, young] = [aTransaction({ amount: 2_000 }), aTransaction({ amount: 2_000 })];
  await api.post({ transactions: [old, young] });
  const tables = ['transaction_event', 'transaction_decision', 'fraud_alert'];
  const count = async (table: string, id: string) =>
    (await api.pool.query(`SELECT FROM ${table} WHERE transaction_id = $1`, [id])).rowCount;
  for (const table of tables) await expect.poll(() => count(table, young.transaction_id)).toBe(1);
  const { rows } = await api.pool.query('SELECT count(*)::int AS n FROM audit_event');
  for (const [table, column] of [
    ['transaction_event', 'received_at'],
    ['transaction_decision', 'decided_at'],
    ['fraud_alert', 'raised_at'],
  ]) {
    await api.pool.query(`UPDATE ${table} SET ${column} = now() - interval '31 days' WHERE transaction_id = $1`, [
      old.transaction_id,
    ]);
  }
  await forgetTransactions(api.pool, 30);
  for (const table of tables)
    expect([await count(table, old.transaction_id), await count(table, young.transaction_id)]).toEqual([0, 1]);
  expect((await api.pool.query('SELECT count(*)::int AS n FROM audit_event')).rows).toEqual(rows);
  await api.stop();
});
