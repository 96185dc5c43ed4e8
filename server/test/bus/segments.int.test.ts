import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { ensureSegments } from '../../src/bus/embedded/segments.ts';
import { EmbeddedBus, retain } from '../../src/bus/index.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { eventually } from './eventually.ts';

let database: TestDatabase;
let pool: Pool;
let bus: EmbeddedBus;

beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-segments' });
  bus = new EmbeddedBus({ pool, dsn: database.dsn, logger: pino({ level: 'silent' }), leaseMs: 1_500 });
});
afterAll(async () => {
  await bus?.close();
  await pool?.end();
  await database?.stop();
});

const segments = async (): Promise<number[]> => {
  const { rows } = await pool.query<{ segment: number }>(
    `SELECT substring(inhrelid::regclass::text FROM '[0-9]+$')::int AS segment FROM pg_inherits
      WHERE inhparent = 'bus_log'::regclass ORDER BY 1`,
  );
  return rows.map(({ segment }) => segment);
};
/** Makes a day of the past with messages of the topic in it, as time does. */
const backdate = async (topic: string, daysAgo: number) => {
  const { rows } = await pool.query<{ day: number }>('SELECT bus_segment(now()) - $1 AS day', [daysAgo]);
  const day = rows[0]?.day ?? 0;
  await pool.query(`CREATE TABLE IF NOT EXISTS bus_log_${day} PARTITION OF bus_log FOR VALUES IN (${day})`);
  await pool.query('UPDATE bus_log SET segment = $2 WHERE topic = $1', [topic, day]);
  return day;
};

describe('segments of the log', () => {
  it('are made ahead, by several at once without a quarrel', async () => {
    await Promise.all([ensureSegments(pool), ensureSegments(pool), ensureSegments(pool)]);
    const { rows } = await pool.query<{ today: number }>('SELECT bus_segment(now()) AS today');
    const today = rows[0]?.today ?? 0;
    expect(await segments()).toEqual([today, today + 1, today + 2, today + 3]);
  });

  it('are made when a message comes first', async () => {
    await bus.ensureTopic('first', 1);
    for (const segment of await segments()) await pool.query(`DROP TABLE bus_log_${segment}`);
    await bus.publish('first', [{ key: 'k', value: Buffer.from('v') }]);
    expect(await segments()).not.toEqual([]);
  });

  it('are dropped when they are old and every group has settled them', async () => {
    await bus.ensureTopic('old', 1);
    await bus.publish('old', [{ key: 'k', value: Buffer.from('v') }]);
    const handled: string[] = [];
    const consume = () =>
      bus.consume({ topic: 'old', group: 'g', handler: async ({ message }) => void handled.push(message.key) });
    await (await consume()).close();
    const offset = async () => (await bus.lag('old', 'g'))[0]?.lag;
    await pool.query("UPDATE bus_offset SET next_offset = 0 WHERE topic = 'old'");
    const day = await backdate('old', 10);
    expect(await retain(pool, 7)).toEqual({ dropped: [], unsettled: [day] });
    expect(await offset()).toBe(1n);
    const consumer = await consume();
    await eventually('it is settled', async () => (await offset()) === 0n);
    await consumer.close();
    expect(await retain(pool, 11)).toEqual({ dropped: [], unsettled: [] });
    expect(await retain(pool, 7)).toEqual({ dropped: [day], unsettled: [] });
    expect(await segments()).not.toContain(day);
  });

  it('do not stop a new group from reading what is left', async () => {
    await bus.ensureTopic('left', 1);
    await bus.publish('left', [{ key: 'gone', value: Buffer.from('v') }]);
    await backdate('left', 20);
    await retain(pool, 7);
    await bus.publish('left', [{ key: 'left', value: Buffer.from('v') }]);
    expect((await bus.lag('left', 'new'))[0]?.lag).toBe(1n);
    const keys: string[] = [];
    const consumer = await bus.consume({
      topic: 'left',
      group: 'new',
      handler: async ({ message }) => void keys.push(message.key),
    });
    await eventually('what is left arrives', () => keys.length > 0);
    expect(keys).toEqual(['left']);
    await consumer.close();
  });
});
