import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import {
  ensureAnomalyPartitions,
  forgetAnomalies,
  listAnomalies,
  writeAnomalies,
} from '../../src/anomaly-events/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { sampleFinding } from './sample-finding.ts';

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

const dayMs = 86_400_000;
const now = new Date();
const write = (daysAgo: number) =>
  withTransaction(pool, (tx) =>
    writeAnomalies(tx, [sampleFinding({ dedupeKey: `k${daysAgo}`, atMs: now.getTime() - daysAgo * dayMs })]),
  );
const places = async () => {
  const { rows } = await pool.query('SELECT dedupe_key AS key, tableoid::regclass::text AS place FROM anomaly_events');
  return new Map(rows.map(({ key, place }) => [key, place]));
};
const list = () => withTransaction(pool, (tx) => listAnomalies(tx, '*', { limit: 10 }));
const count = async (table: string) => (await pool.query(`SELECT count(*)::int AS n FROM ${table}`)).rows[0].n;

it('anomalies stand in the table of their week, those of odd clocks apart, and go with their week', async () => {
  // Before there is room for them: now, last week, and by a clock that is ten years ahead.
  for (const daysAgo of [0, 10, -3_650]) await write(daysAgo);
  expect(new Set((await places()).values())).toEqual(new Set(['anomaly_events_default']));

  await Promise.all([ensureAnomalyPartitions(pool, now), ensureAnomalyPartitions(pool, now)]);
  await ensureAnomalyPartitions(pool, new Date(now.getTime() - 10 * dayMs));
  await ensureAnomalyPartitions(pool, now);
  const placed = await places();
  expect(placed.get('k0')).toMatch(/^anomaly_events_\d{8}$/);
  expect(placed.get('k10')).toMatch(/^anomaly_events_\d{8}$/);
  expect(placed.get('k10')).not.toBe(placed.get('k0'));
  expect(placed.get('k-3650')).toBe('anomaly_events_default');

  expect(await forgetAnomalies(pool, 90, now)).toEqual([]);
  expect(await count('anomaly_events')).toBe(3);

  // A week later than its retention the older one is gone with its table, and what belonged to it where it is as old.
  const later = new Date(now.getTime() + 88 * dayMs);
  expect(await forgetAnomalies(pool, 90, later)).toContain(placed.get('k10'));
  expect([...(await places()).keys()].sort()).toEqual(['k-3650', 'k0']);
  await pool.query('UPDATE anomaly_state_change SET seq = change_id WHERE seq IS NULL');
  await pool.query("UPDATE anomaly_events_default SET found_at = now() - interval '3 days'");
  await forgetAnomalies(pool, 90, later);
  expect([...(await places()).keys()]).toEqual(['k0']);
  await forgetAnomalies(pool, 90, new Date(now.getTime() + 110 * dayMs));
  for (const table of ['anomaly_events', 'anomaly_key', 'anomaly_finding', 'anomaly_state_change']) {
    expect([table, await count(table)]).toEqual([table, 0]);
  }
});

it('two months after the last table was made anomalies are stored, found and handled as ever, and get their table later', async () => {
  const later = new Date(now.getTime() + 61 * dayMs);
  const finding = sampleFinding({ dedupeKey: 'later', atMs: later.getTime() });
  for (let turn = 0; turn < 2; turn++) await withTransaction(pool, (tx) => writeAnomalies(tx, [finding]));
  expect(await places()).toEqual(new Map([['later', 'anomaly_events_default']]));
  const [found] = await list();
  expect(found?.anomaly_id).toBeDefined();
  // Workers come by at the same time, one of them while another one writes.
  await Promise.all([
    ensureAnomalyPartitions(pool, later),
    withTransaction(pool, (tx) => writeAnomalies(tx, [{ ...finding, evidence: { ...finding.evidence, count: 99 } }])),
    ensureAnomalyPartitions(pool, later),
  ]);
  expect((await places()).get('later')).toMatch(/^anomaly_events_\d{8}$/);
  const [moved] = await list();
  expect(moved).toMatchObject({ anomaly_id: found?.anomaly_id, repeats: 1 });
});
