import {
  decidedTransactionSchema,
  fraudAlertListSchema,
  pendingTransactionSchema,
  problemSchema,
} from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { verifyLedger } from '../../src/audit/index.ts';
import {
  type Answer,
  type ApiProcess,
  aTransaction,
  embeddedGround,
  serverKey,
  startApi,
  startWorkers,
  type WorkerProcess,
} from './support/pipeline.ts';

let database: TestDatabase;
let api: ApiProcess;
let worker: WorkerProcess;
beforeAll(async () => {
  database = await startTestDatabase();
  worker = await startWorkers(embeddedGround(database.dsn));
  api = await startApi(embeddedGround(database.dsn));
});
afterAll(async () => {
  await api.stop();
  await worker.stop();
  await database.stop();
});

async function rowsOf(table: string, id: string): Promise<unknown[]> {
  return (await api.pool.query(`SELECT * FROM ${table} WHERE transaction_id = $1`, [id])).rows;
}

describe('POST /api/v1/transactions', () => {
  it('answers with the decision, and GET gives the same', async () => {
    const transaction = aTransaction({ amount: 700 });
    const { status, body, headers } = await api.post(transaction);
    expect([status, body.decision, body.model_version]).toEqual([200, 'REVIEW', 'stub-1']);
    decidedTransactionSchema.parse(body);
    const path = `/api/v1/transactions/${transaction.transaction_id}`;
    expect(headers.get('location')).toBe(path);
    expect(await api.get(path)).toEqual({ status: 200, body });
    await expect.poll(() => rowsOf('transaction_decision', transaction.transaction_id)).toHaveLength(1);
    expect(await (await api.fetch(path)).text()).toBe(JSON.stringify(body));
  });

  it('takes several and answers in their order, each decided by itself', async () => {
    const transactions = [10, 600, 1_500, 20].map((amount) => aTransaction({ amount }));
    const { status, body } = await api.post({ transactions });
    expect(status).toBe(200);
    expect(body.transactions.map((each) => [each.transaction_id, each.decision])).toEqual(
      transactions.map(({ transaction_id }, i) => [transaction_id, ['APPROVE', 'REVIEW', 'DECLINE', 'APPROVE'][i]]),
    );
  });

  it('gives the same decision for the same content, however often and however written', async () => {
    const transaction = aTransaction({ occurred_at: '2026-01-02T03:04:05.000Z' });
    const first = await api.post(transaction);
    const reordered = Object.fromEntries(
      Object.entries({ ...transaction, occurred_at: '2026-01-02T04:04:05+01:00' }).reverse(),
    );
    const again = await Promise.all(Array.from({ length: 20 }, (_, i) => api.post(i % 2 ? reordered : transaction)));
    for (const each of again) expect([each.status, each.body]).toEqual([200, first.body]);
    expect(
      worker.scorer.seen.filter((seen) => seen.transaction.transaction_id === transaction.transaction_id),
    ).toHaveLength(1);
  });

  it('decides once when the same transaction comes many times at once', async () => {
    const transaction = aTransaction();
    const answers = await Promise.all(Array.from({ length: 30 }, () => api.post(transaction)));
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    const scored = worker.scorer.seen.filter((seen) => seen.transaction.transaction_id === transaction.transaction_id);
    expect(scored).toHaveLength(1);
  });

  it.each([
    'amount',
    'customer',
    'card',
    'terminal',
    'occurred_at',
    'currency',
    'channel',
    'country',
    'merchant_category',
  ])('refuses other content (%s) under a used id, and decides nothing anew', async (field) => {
    const transaction = aTransaction();
    const first = await api.post(transaction);
    const other: Record<string, unknown> = {
      ...{ amount: 26, currency: 'USD', occurred_at: '2026-01-01T00:00:00Z', channel: 'atm', country: 'DE' },
      ...{
        merchant_category: '5411',
        customer: aTransaction().customer,
        card: undefined,
        terminal: aTransaction().terminal,
      },
    };
    const { status, body } = await api.post({ ...transaction, [field]: other[field] });
    expect([status, problemSchema.parse(body).code]).toEqual([409, 'idempotency-conflict']);
    expect(JSON.stringify(body)).not.toContain(transaction.customer);
    expect((await api.get(`/api/v1/transactions/${transaction.transaction_id}`)).body).toEqual(first.body);
  });

  it('tells of conflicts by their places, and has taken the others', async () => {
    const [used, fresh] = [aTransaction(), aTransaction()];
    await api.post(used);
    const { status, body } = await api.post({ transactions: [fresh, { ...used, amount: 1 }] });
    expect([status, body.findings]).toEqual([
      409,
      [expect.objectContaining({ field: 'transactions.1.transaction_id' })],
    ]);
    expect((await api.post(fresh)).status).toBe(200);
  });

  it('answers 202 and where the decision will be when the wait is over', async () => {
    let open: () => void = () => undefined;
    worker.scorer.gate = new Promise((resolve) => {
      open = resolve;
    });
    const transaction = aTransaction();
    const path = `/api/v1/transactions/${transaction.transaction_id}`;
    const pending = await api.post(transaction, '?wait_ms=50');
    expect(pending.status).toBe(202);
    expect(pendingTransactionSchema.parse(pending.body).url).toBe(path);
    expect([pending.headers.get('location'), pending.headers.get('retry-after')]).toEqual([path, '1']);
    expect((await api.get(path)).body.status).toBe('PENDING');
    expect((await api.post(transaction, '?wait_ms=0')).body).toEqual(pending.body);
    const waiting = api.post(transaction, '?wait_ms=10000');
    open();
    const decided = await waiting;
    expect([decided.status, decided.body.status, decided.body.received_at]).toEqual([
      200,
      'DECIDED',
      pending.body.received_at,
    ]);
    expect((await api.get(path)).body).toEqual(decided.body);
  });

  it('marks what is late, decides it and counts it for later ones', async () => {
    const customer = aTransaction().customer;
    const [now, ago] = [Date.now(), (days: number) => new Date(Date.now() - days * 86_400_000).toISOString()];
    expect((await api.post(aTransaction({ customer, occurred_at: ago(0.9) }))).body.late).toBe(false);
    expect((await api.post(aTransaction({ customer, occurred_at: ago(3) }))).body.late).toBe(true);
    const last = aTransaction({ customer, occurred_at: new Date(now).toISOString() });
    await api.post(last);
    const features = worker.scorer.seen.find(
      (seen) => seen.transaction.transaction_id === last.transaction_id,
    )?.features;
    expect([features?.['customer_count_1d'], features?.['customer_count_7d']]).toEqual([2, 3]);
  });
});

describe('what is wrong with a request', () => {
  it('is told all at once, never with a value', async () => {
    const { status, body } = await api.post({
      ...aTransaction(),
      amount: -1,
      currency: 'euro',
      country: 'x',
      secret_note: 'hush',
    });
    expect([status, problemSchema.parse(body).code]).toEqual([422, 'request-invalid']);
    expect(body.findings.map(({ field }) => field)).toEqual(['amount', 'currency', 'country', 'request']);
    expect(JSON.stringify(body)).not.toMatch(/secret_note|hush|euro/);
  });

  it.each([
    ['transaction_id', '4111111111111111'],
    ['transaction_id', 'T4111111111111111'],
    ['transaction_id', 'pay-4111-1111-1111-1111'.replace('pay-', '')],
    ['transaction_id', '536-90-4399'],
    ['card', '4111111111111111'],
    ['customer', 'jane.doe@example.com'],
    ['terminal', 'DE89370400440532013000'],
    ['channel', 'jane.doe@example.com'],
  ])('is raw personal data in %s: %s', async (field, value) => {
    const { status, body } = await api.post({ transactions: [aTransaction(), { ...aTransaction(), [field]: value }] });
    expect([status, body.code]).toEqual([422, 'raw-pii-found']);
    expect(body.findings[0]?.field).toBe(`transactions.1.${field}`);
    expect(JSON.stringify(body)).not.toContain(value);
  });

  it('is raw personal data under a name of its own, or as one', async () => {
    for (const extra of [
      { note: 'jane.doe@example.com' },
      { 'jane.doe@example.com': 1 },
      { deep: [{ er: '4111111111111111' }] },
    ]) {
      const { status, body } = await api.post({ ...aTransaction(), ...extra });
      expect([status, body.code]).toEqual([422, 'raw-pii-found']);
      expect(JSON.stringify(body)).not.toMatch(/jane|4111/);
    }
  });

  it.each([
    ['no JSON', '{"a":', 400, 'request-malformed'],
    ['no object', '[]', 422, 'request-invalid'],
    ['null', 'null', 422, 'request-invalid'],
    ['none', '{"transactions":[]}', 422, 'request-invalid'],
    ['too large', `"${'x'.repeat(3_000_000)}"`, 413, 'payload-too-large'],
  ])('is its body: %s', async (_name, text, status, code) => {
    const response = await api.fetch('/api/v1/transactions', { method: 'POST', body: text });
    expect([response.status, problemSchema.parse(await response.json()).code]).toEqual([status, code]);
  });

  it('is too many, twice the same, from the future, an odd wait or another type', async () => {
    const one = aTransaction();
    const codes = await Promise.all([
      api.post({ transactions: Array.from({ length: 1_001 }, () => aTransaction()) }),
      api.post({ transactions: [one, one] }),
      api.post(aTransaction({ occurred_at: new Date(Date.now() + 3_600_000).toISOString() })),
      api.post(one, '?wait_ms=30001'),
      api.post(one, '?wait_ms=x'),
    ]);
    expect(codes.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422]);
    const response = await api.fetch('/api/v1/transactions', {
      method: 'POST',
      body: 'a',
      headers: { 'Content-Type': 'text/csv' },
    });
    expect(response.status).toBe(415);
    expect(await rowsOf('transaction_event', one.transaction_id)).toEqual([]);
  });
});

describe('another client', () => {
  it('sees nothing, and has ids of its own', async () => {
    const { text } = await api.newKey('globex');
    const headers = { 'X-API-Key': text };
    const mine = aTransaction({ amount: 2_000 });
    await api.post(mine);
    const path = `/api/v1/transactions/${mine.transaction_id}`;
    expect((await api.fetch(path, { headers })).status).toBe(404);
    const outcome = { method: 'POST', headers, body: '{"fraud":true}' };
    expect((await api.fetch(`${path}/outcome`, outcome)).status).toBe(404);
    expect(await (await api.fetch('/api/v1/alerts', { headers })).json()).toEqual({ alerts: [], next_cursor: null });
    const theirs = { ...mine, amount: 1 };
    const response = await api.fetch('/api/v1/transactions', { method: 'POST', headers, body: JSON.stringify(theirs) });
    expect([response.status, ((await response.json()) as Answer).decision]).toEqual([200, 'APPROVE']);
  });
});

describe('GET /api/v1/alerts', () => {
  it('lists each declined or doubtful transaction once, newest first, in pages', async () => {
    const { text } = await api.newKey('alerting');
    const headers = { 'X-API-Key': text };
    const transactions = [1_200, 10, 600, 1_300, 700].map((amount) => aTransaction({ amount }));
    for (const transaction of [...transactions, ...transactions]) {
      await api.fetch('/api/v1/transactions', { method: 'POST', headers, body: JSON.stringify(transaction) });
    }
    const list = async (query: string) => {
      const response = await api.fetch(`/api/v1/alerts${query}`, { headers });
      return fraudAlertListSchema.parse(await response.json());
    };
    await expect.poll(async () => (await list('')).alerts.length).toBe(4);
    const ids = [4, 3, 2, 0].map((i) => transactions[i]?.transaction_id);
    const first = await list('?limit=3');
    const rest = await list(`?limit=3&cursor=${first.next_cursor}`);
    expect([...first.alerts, ...rest.alerts].map(({ transaction_id }) => transaction_id)).toEqual(ids);
    expect(rest.next_cursor).toBeNull();
    expect((await list('?level=DECLINE')).alerts.map(({ transaction_id }) => transaction_id)).toEqual([ids[1], ids[3]]);
    const audit = await api.pool.query(
      "SELECT action, count(*)::int AS n FROM audit_event WHERE client_id = 'alerting' GROUP BY 1 ORDER BY 1",
    );
    expect(audit.rows).toEqual([
      { action: 'alert.raised', n: 4 },
      { action: 'transaction.decided', n: 5 },
    ]);
    // Each under a code that nobody else can make.
    const anchor = { place: 'nowhere', append: async () => undefined, last: async () => undefined };
    const readAll = async () => ({ heads: [], unreadable: 0 });
    const { pending, findings } = await verifyLedger({ pool: api.pool, serverKey, anchor: { ...anchor, readAll } });
    expect(pending).toBeGreaterThan(8);
    expect(findings).toEqual([{ kind: 'anchor-missing' }]);
    const { rows: without } = await api.pool.query('SELECT 1 FROM audit_event WHERE mac IS NULL');
    expect(without).toEqual([]);
    await expect(api.pool.query("UPDATE audit_event SET client_id = 'x'")).rejects.toThrow('append-only');
    await expect(api.pool.query('DELETE FROM audit_event')).rejects.toThrow('append-only');
  });
});

describe('POST /api/v1/transactions/{id}/outcome', () => {
  it('is stored once, is final, and counts at the terminal from when it was known', async () => {
    const transaction = aTransaction();
    await api.post(transaction);
    const path = `/api/v1/transactions/${transaction.transaction_id}/outcome`;
    const report = async (body: unknown) => {
      const response = await api.fetch(path, { method: 'POST', body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as Answer };
    };
    expect((await report({ fraud: true, known_at: '2020-01-01T00:00:00Z' })).status).toBe(422);
    const first = await report({ fraud: true });
    expect([first.status, first.body.fraud]).toEqual([200, true]);
    expect(await report({ fraud: true })).toEqual(first);
    expect((await report({ fraud: false })).status).toBe(409);
    const { rows } = await api.pool.query(
      "SELECT count(*)::int AS n FROM bus_log WHERE topic = 'transaction.embedded' AND headers LIKE '%transaction.outcome.v1%'",
    );
    expect(rows[0].n).toBe(1);
    // The outcome is on its way through the same partition before the next transaction.
    const later = aTransaction({ terminal: transaction.terminal });
    await api.post(later);
    const features = worker.scorer.seen.find(
      (seen) => seen.transaction.transaction_id === later.transaction_id,
    )?.features;
    expect(features?.['terminal_reports_7d']).toBe(1);
  });
});

describe('the log', () => {
  it('holds no token, no key and no error after all of this', () => {
    const log = [...api.log, ...worker.log].join('');
    expect(log).not.toMatch(/tok_[0-9a-f]{32}/);
    expect(log).not.toMatch(/sdp_live_/);
    expect(
      [...api.log, ...worker.log].map((line) => JSON.parse(line)).filter(({ level }) => level === 'error'),
    ).toEqual([]);
  });
});
