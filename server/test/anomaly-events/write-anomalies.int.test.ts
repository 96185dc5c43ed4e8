import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { type AnomalyFinding, writeAnomalies } from '../../src/anomaly-events/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { sampleAt, sampleFinding } from './sample-finding.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
});
afterAll(async () => {
  await pool.end();
  await database.stop();
});
beforeEach(async () => {
  await pool.query('TRUNCATE anomaly_events, anomaly_key, anomaly_finding, anomaly_state_change, alert_outbox');
});

const write = (...findings: AnomalyFinding[]) => withTransaction(pool, (tx) => writeAnomalies(tx, findings));
const events = async () =>
  (await pool.query('SELECT * FROM anomaly_events ORDER BY found_at, anomaly_id')).rows as Record<string, unknown>[];

it('an anomaly says what was found, with an alert for it', async () => {
  expect(await write(sampleFinding({ userId: 'tok_1' }))).toEqual({ created: 1, repeated: 0 });
  const [row] = await events();
  expect(row).toMatchObject({
    client_id: 'acme',
    timestamp: new Date(sampleAt),
    is_alert: true,
    alert_type: 'error-burst',
    alert_level: 'ERROR',
    user_id: 'tok_1',
    tags: { source: 'billing' },
    metrics: { count: 20, limit: 20 },
    evidence: { topic: 'logs', partition: 0, first_offset: '0', last_offset: '1', event_ids: ['e0'], count: 20 },
    state: 'OPEN',
    repeats: 0,
  });
  const { rows: alerts } = await pool.query('SELECT * FROM alert_outbox');
  expect(alerts).toMatchObject([
    { client_id: 'acme', anomaly_id: row?.['anomaly_id'], kind: 'anomaly', level: 'ERROR', state: 'pending' },
  ]);
  expect(alerts[0].payload).toMatchObject({
    title: 'Many errors',
    tags: { source: 'billing' },
    metrics: { limit: 20 },
  });
});

it('what comes back after it was resolved is another anomaly, and what is only seen again is none', async () => {
  await write(sampleFinding());
  await pool.query("UPDATE anomaly_events SET state = 'ACKNOWLEDGED'");
  expect(await write(sampleFinding({ offset: 10 }))).toEqual({ created: 0, repeated: 1 });
  await pool.query("UPDATE anomaly_events SET state = 'RESOLVED'");
  expect(await write(sampleFinding(), sampleFinding({ offset: 10 }))).toEqual({ created: 0, repeated: 0 });
  expect(await write(sampleFinding({ offset: 20 }), sampleFinding({ offset: 30 }))).toEqual({
    created: 1,
    repeated: 0,
  });
  expect((await events()).map(({ state, repeats }) => [state, repeats])).toEqual([
    ['RESOLVED', 1],
    ['OPEN', 1],
  ]);
  expect(await write(sampleFinding({ offset: 40 }))).toEqual({ created: 0, repeated: 1 });
  expect((await pool.query('SELECT 1 FROM alert_outbox')).rowCount).toBe(2);
});

it('one transaction can write several times', async () => {
  await withTransaction(pool, async (tx) => {
    expect(await writeAnomalies(tx, [sampleFinding()])).toEqual({ created: 1, repeated: 0 });
    expect(await writeAnomalies(tx, [sampleFinding(), sampleFinding({ offset: 7 })])).toEqual({
      created: 0,
      repeated: 1,
    });
  });
  expect(await events()).toHaveLength(1);
});

it('several who write of the same at once lose nothing and count nothing twice', async () => {
  const findings = Array.from({ length: 60 }, (_, n) => sampleFinding({ offset: n, dedupeKey: `k${n % 3}` }));
  const writers = Array.from({ length: 6 }, async (_, writer) => {
    for (let first = 0; first < findings.length; first += 5) {
      const rotated = [...findings.slice(writer * 10), ...findings.slice(0, writer * 10)];
      await write(...rotated.slice(first, first + 10));
    }
  });
  await Promise.all(writers);
  expect((await events()).map(({ repeats }) => repeats)).toEqual([19, 19, 19]);
  expect((await pool.query('SELECT 1 FROM alert_outbox')).rowCount).toBe(3);
});

it('text that the database can’t keep stops nothing', async () => {
  await write(
    sampleFinding({
      title: 'a\0b',
      userId: '\ud800',
      tags: { 'host\0': 'x\0y' },
      explanation: { deep: [{ '\0': '\udfff' }] },
      dedupeKey: `${'long '.repeat(1_000)}\0`,
      groupKey: 'g'.repeat(5_000),
    }),
  );
  const [row] = await events();
  expect(row).toMatchObject({ alert_title: 'a\ufffdb', user_id: '\ufffd', tags: { 'host\ufffd': 'x\ufffdy' } });
  expect(String(row?.['dedupe_key'])).toMatch(/^sha256:[0-9a-f]{64}$/);
});
