import type { Event } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { ensureEventPartitions, forgetEvents, SeenEvents } from '../../src/events/index.ts';
import { openBlock, sealBlock } from '../../src/events/store/event-block.ts';
import { loadSeen, takeOver } from '../../src/events/store/partition-owner.ts';
import { readEvents } from '../../src/events/store/read-events.ts';
import { countByMinute, writeEvents } from '../../src/events/store/write-events.ts';
import { type DataKeyRing, openDataKeyRing } from '../../src/records/index.ts';
import { aLog, serverKey } from './support/pipeline.ts';

let database: TestDatabase;
let pool: Pool;
let keyRing: DataKeyRing;
beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
  keyRing = await openDataKeyRing(pool, serverKey);
});
afterAll(async () => {
  await pool.end();
  await database.stop();
});

const horizon = { horizonMs: 3_600_000, maxEvents: 1_000 };
const dayMs = 86_400_000;

async function blockOf(events: readonly Event[], receivedAt: Date, clientId = 'acme') {
  const { identities } = new SeenEvents().select(events, ({ event_id: eventId }) => ({
    ...{ clientId, eventId, receivedAtMs: receivedAt.getTime() },
  }));
  const place = { clientId, type: 'log' as const, partition: 0, receivedAt, identities };
  return sealBlock({ ...place, events }, await keyRing.active());
}

async function store(events: readonly Event[], receivedAt: Date): Promise<void> {
  const owned = await takeOver(pool, 'log', 0);
  const block = await blockOf(events, receivedAt);
  const counts = countByMinute(events.map((event) => ({ clientId: 'acme', partition: 0, event })));
  await withTransaction(pool, (tx) => writeEvents(tx, [owned], [block], counts));
}

describe('the event store', () => {
  it('takes nothing from who had a partition before', async () => {
    const [old, present] = [await takeOver(pool, 'log', 7), await takeOver(pool, 'log', 7)];
    const write = (owned: typeof old) => withTransaction(pool, (tx) => writeEvents(tx, [owned], [], []));
    await expect(write(old)).rejects.toMatchObject({ code: 'bus-unavailable', retryable: true });
    await write(present);
  });

  it('lets the next owner in only when what is being stored stands', async () => {
    const owned = await takeOver(pool, 'log', 0);
    const event = aLog();
    const block = await blockOf([event], new Date());
    let taking: Promise<unknown> = Promise.resolve();
    await withTransaction(pool, async (tx) => {
      await writeEvents(tx, [owned], [block], countByMinute([{ clientId: 'acme', partition: 0, event }]));
      taking = takeOver(pool, 'log', 0).then((next) => loadSeen(pool, next, horizon));
      await new Promise((resolve) => setTimeout(resolve, 200));
    });
    expect(((await taking) as SeenEvents).size).toBe(1);
  });

  it('knows after a restart what was stored within the horizon before the newest', async () => {
    const now = Date.now();
    const [old, edge, recent, newest] = [aLog(), aLog(), aLog(), aLog()];
    for (const [event, ageMs] of [
      ...[[old, 3_600_001] as const, [edge, 3_600_000] as const],
      ...[[recent, 3_599_999] as const, [newest, 0] as const],
    ]) {
      await store([event], new Date(now + dayMs - ageMs));
    }
    const seen = await loadSeen(pool, await takeOver(pool, 'log', 0), horizon);
    const { fresh } = seen.select([old, edge, recent, newest], ({ event_id: eventId }) => ({
      ...{ clientId: 'acme', eventId, receivedAtMs: now + dayMs },
    }));
    expect(fresh).toEqual([old, edge]);
  });

  it('opens a block only as it was sealed: for its client, with all that stands beside it', async () => {
    const events = [aLog(), aLog({ level: 'ERROR' })];
    const block = await blockOf(events, new Date());
    const key = await keyRing.active();
    expect(await openBlock(block, key)).toEqual(events);
    const flipped = Buffer.from(block.payload);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    const changed = [
      { payload: flipped },
      { clientId: 'globex' },
      { type: 'metric' as const },
      { partition: 1 },
      { rows: 1 },
      { levels: 1 },
      { firstAt: new Date(0) },
      { receivedAt: new Date(0) },
      { identities: Buffer.alloc(32) },
    ];
    for (const change of changed) {
      await expect(openBlock({ ...block, ...change }, key)).rejects.toMatchObject({ code: 'record-tampered' });
    }
  });

  it('forgets whole days of arrival, and counts by their minute; what had no table of its day moves to it', async () => {
    const today = new Date(Date.UTC(2031, 2, 4, 12));
    const day = (n: number) => new Date(today.getTime() + n * dayMs);
    const events = [-3, -2, -1, 0].map((n) => aLog({ source: 'forget', host: `h${n}`, at: day(n).toISOString() }));
    // No table yet: they go to the default partition.
    for (const [i, n] of [-3, -2, -1, 0].entries()) await store([events[i] as Event], day(n));
    for (const n of [-3, 0]) await ensureEventPartitions(pool, day(n));
    const { rows } = await pool.query(
      "SELECT count(*)::int AS n FROM event_block_default WHERE received_at > '2031-01-01'",
    );
    expect(rows).toEqual([{ n: 0 }]);
    const hosts = async () =>
      (await readEvents(pool, keyRing, { clientId: 'acme', limit: 500, from: day(-10) })).events.map(
        ({ host }) => host,
      );
    expect(await hosts()).toEqual(['h0', 'h-1', 'h-2', 'h-3']);
    const dropped = await forgetEvents(pool, { retentionDays: 1, countsRetentionDays: 2 }, today);
    expect(dropped).toEqual(expect.arrayContaining(['event_block_20310301', 'event_block_20310302']));
    expect(await hosts()).toEqual(['h0', 'h-1']);
    const counted = await pool.query("SELECT count(*)::int AS n FROM event_count WHERE minute > '2031-01-01'");
    expect(counted.rows).toEqual([{ n: 3 }]);
  });
});
