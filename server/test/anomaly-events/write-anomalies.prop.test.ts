import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { type AnomalyFinding, ensureAnomalyPartitions, writeAnomalies } from '../../src/anomaly-events/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { sampleAt, sampleFinding } from './sample-finding.ts';

let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  await ensureAnomalyPartitions(pool, new Date(sampleAt));
});
afterAll(async () => {
  await pool.end();
  await database.stop();
});

const hourMs = 3_600_000;
/** Times reach over two weeks, and before the first of them. */
const findingArbitrary = fc
  .record({
    clientId: fc.constantFrom('acme', 'globex'),
    key: fc.constantFrom('k1', 'k2', 'k3'),
    offset: fc.integer({ min: 0, max: 6 }),
  })
  .map(({ clientId, key, offset }) =>
    sampleFinding({
      ...{ clientId, dedupeKey: key, offset, level: key === 'k3' ? 'INFO' : 'ERROR' },
      // Not in the order of offsets, and some of them at once.
      atMs: sampleAt + (((offset * 5) % 7) - 1 - (offset % 2)) * 60 * hourMs,
      title: `${key} ${offset}`,
    }),
  );

const idOf = ({ clientId, dedupeKey }: AnomalyFinding) => `${clientId} ${dedupeKey}`;

/** What the table has to say, by the rule and not by SQL. */
function expected(findings: readonly AnomalyFinding[]) {
  const keys = [...new Set(findings.map(idOf))].sort();
  return keys.map((key) => {
    const own = findings.filter((finding) => idOf(finding) === key);
    const distinct = [...new Map(own.map((finding) => [finding.evidence.firstOffset, finding])).values()];
    const times = distinct.map(({ at }) => at.getTime());
    const earliest = distinct.filter(({ at }) => at.getTime() === Math.min(...times));
    return {
      key,
      timestamp: Math.min(...times),
      last: Math.max(...times),
      repeats: distinct.length - 1,
      titles: earliest.map(({ title }) => title),
      isAlert: !key.endsWith('k3'),
    };
  });
}

async function table() {
  const { rows } = await pool.query(
    `SELECT a.*, k.anomaly_id AS key_id, k.at AS key_at FROM anomaly_events a JOIN anomaly_key k USING (client_id, dedupe_key)
      ORDER BY a.client_id, a.dedupe_key`,
  );
  return rows.map(({ found_at: _foundAt, ...row }) => row);
}

async function count(name: string): Promise<number> {
  return (await pool.query(`SELECT count(*)::int AS n FROM ${name}`)).rows[0].n;
}

async function write(batches: readonly (readonly AnomalyFinding[])[]) {
  await pool.query('TRUNCATE anomaly_events, anomaly_key, anomaly_finding, anomaly_state_change, alert_outbox');
  let created = 0;
  let repeated = 0;
  for (const batch of batches) {
    const written = await withTransaction(pool, (tx) => writeAnomalies(tx, batch));
    created += written.created;
    repeated += written.repeated;
  }
  return { created, repeated };
}

it('any order and repetition of batches of findings makes the same table', async () => {
  const batches = fc.array(fc.array(findingArbitrary, { maxLength: 6 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(batches, fc.array(fc.nat(), { maxLength: 12 }), async (given, order) => {
      const { created } = await write(given);
      const first = await table();
      const wanted = expected(given.flat());
      expect(created).toBe(wanted.length);
      expect(
        first.map((row) => ({
          key: `${row.client_id} ${row.dedupe_key}`,
          timestamp: row.timestamp.getTime(),
          last: row.last_at.getTime(),
          repeats: row.repeats,
          titles: wanted
            .find(({ key }) => key === `${row.client_id} ${row.dedupe_key}`)
            ?.titles.includes(row.alert_title),
          isAlert: row.is_alert,
        })),
      ).toEqual(wanted.map((row) => ({ ...row, titles: true })));
      for (const row of first) expect([row.key_id, row.key_at]).toEqual([row.anomaly_id, row.timestamp]);
      expect(await count('anomaly_state_change')).toBe(wanted.length);
      expect(await count('alert_outbox')).toBe(wanted.filter(({ isAlert }) => isAlert).length);

      // Other batches of the same findings, in another order, and some of them again.
      const shuffled = given.flat().map((finding, i) => ({ finding, by: order[i % Math.max(1, order.length)] ?? 0 }));
      shuffled.sort((a, b) => a.by - b.by);
      const again = shuffled.map(({ finding }) => [finding]);
      await write([...again.slice(0, 3), ...again, ...given]);
      expect(await table()).toEqual(first);
      expect(await count('alert_outbox')).toBe(wanted.filter(({ isAlert }) => isAlert).length);
    }),
    { numRuns: Number(process.env['SDP_PROPERTY_RUNS'] ?? 25) },
  );
}, 60_000);
