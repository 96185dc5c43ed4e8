import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event, EventShown } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { withTransaction } from '../../src/database/index.ts';
import { forgetEvents } from '../../src/events/index.ts';
import { sealBlock } from '../../src/events/store/event-block.ts';
import { takeOver } from '../../src/events/store/partition-owner.ts';
import { writeEvents } from '../../src/events/store/write-events.ts';
import { EventFeed } from '../../src/events/stream/event-feed.ts';
import type { StreamPage } from '../../src/live-streams/index.ts';
import {
  eventsAt,
  type OpenReader,
  type SeenItem,
  type StreamReader,
  socketAt,
} from '../live-streams/stream-reader.ts';
import {
  aLog,
  aMetric,
  aPayment,
  type EventApiProcess,
  embeddedGround,
  ndjson,
  type StoreProcess,
  startApi,
  startStore,
} from './support/pipeline.ts';

type Seen = SeenItem<EventShown>;
const path = '/api/v1/events/stream';
const openEvents: OpenReader<EventShown> = eventsAt(path);
const openSocket: OpenReader<EventShown> = socketAt(path);

let database: TestDatabase;
let stores: StoreProcess[];
let api: EventApiProcess;
let second: EventApiProcess;
let acme: Record<string, string>;
let globex: Record<string, string>;
let staff: Record<string, string>;
beforeAll(async () => {
  database = await startTestDatabase();
  const ground = embeddedGround(database.dsn);
  stores = [await startStore(ground), await startStore(ground)];
  api = await startApi(ground, {}, { checkMs: 200, slowMs: 500 });
  second = await startApi(ground, {}, { heartbeatMs: 1_000 });
  acme = { 'X-API-Key': api.ownKey };
  globex = { 'X-API-Key': await api.newKey({ clientId: 'globex' }) };
  staff = { 'X-API-Key': await api.newKey({ role: 'DataAnalyst', tenants: '*' }, ['events:read']) };
});
afterAll(async () => {
  await api.stop();
  await second.stop();
  for (const store of stores) await store.stop();
  await database.stop();
});

const send = async (events: readonly Event[], headers: Record<string, string> = {}) => {
  const { status } = await api.post(ndjson(events), 'application/x-ndjson', headers);
  expect(status).toBe(200);
};
const idsOf = (seen: readonly Seen[]) => seen.map(({ data }) => data.event.event_id);
const until = (reader: StreamReader<EventShown>, count: number) =>
  expect.poll(() => reader.seen.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count);
const sortedIds = (events: readonly Event[]) => events.map(({ event_id }) => event_id).sort();

function pageOf(page: StreamPage | 'forgotten'): StreamPage {
  if (page === 'forgotten') throw new Error('it is not forgotten yet');
  return page;
}

/** Stores events as a process of its own would, and ends when told to. */
async function storing(events: readonly Event[], partition: number, receivedAt = new Date()) {
  const owned = await takeOver(api.pool, 'log', partition);
  const identities = Buffer.alloc(16 * events.length, partition);
  const place = { clientId: 'acme', type: 'log', partition, receivedAt } as const;
  const block = await sealBlock({ ...place, identities, events }, await api.keyRing.active());
  let commit: () => void = () => undefined;
  const isHeld = new Promise<void>((resolve) => {
    commit = resolve;
  });
  let isWritten: () => void = () => undefined;
  const written = new Promise<void>((resolve) => {
    isWritten = resolve;
  });
  const done = withTransaction(api.pool, async (tx) => {
    await writeEvents(tx, [owned], [block], []);
    isWritten();
    await isHeld;
  });
  await written;
  return async () => {
    commit();
    await done;
  };
}

describe.each([
  ['server-sent events', openEvents],
  ['a WebSocket', openSocket],
])('%s', (_name, open) => {
  it('show each caller what it may see of what it asked for, as it was handed in', async () => {
    const readers = {
      acme: await open(api.url, acme),
      globex: await open(api.url, globex),
      staff: await open(second.url, staff),
      named: await open(api.url, { ...staff, 'X-SDP-Client-Id': 'globex' }),
      foreign: await open(api.url, globex, '?client_id=acme'),
      errors: await open(api.url, staff, '?client_id=acme&type=log&level=ERROR'),
      machine: await open(second.url, acme, '?host=web-9'),
      user: await open(api.url, acme, '?user_id=u%22%2F1'),
      service: await open(api.url, acme, '?source=billing'),
    };
    const own = [
      aLog({ level: 'ERROR', message: 'it said "host":"web-9"\n\u2028twice' }),
      aMetric({ host: 'web-9', metrics: { cpu_percent: 0.1 + 0.2, tiny: 5e-324 } }),
      aPayment({ user_id: 'u"/1', source: 'shop' }),
      aLog({ source: 'billing', attributes: { user_id: 'u"/1', n: 1, b: null } }),
    ];
    const others = [aLog({ level: 'ERROR' }), aMetric()];
    await send(own);
    await send(others, globex);
    await until(readers.staff, 6);
    await until(readers.acme, 4);
    await until(readers.globex, 2);
    await until(readers.named, 2);
    for (const reader of [readers.errors, readers.machine, readers.user, readers.service]) await until(reader, 1);
    await sleep(150);
    expect(idsOf(readers.staff.seen).sort()).toEqual(sortedIds([...own, ...others]));
    expect(idsOf(readers.globex.seen).sort()).toEqual(sortedIds(others));
    expect(idsOf(readers.named.seen).sort()).toEqual(sortedIds(others));
    expect(readers.foreign.seen).toEqual([]);
    expect(idsOf(readers.errors.seen)).toEqual([own[0]?.event_id]);
    expect(idsOf(readers.machine.seen)).toEqual([own[1]?.event_id]);
    expect(idsOf(readers.user.seen)).toEqual([own[2]?.event_id]);
    expect(idsOf(readers.service.seen)).toEqual([own[3]?.event_id]);
    for (const { event, data } of readers.acme.seen) {
      expect(data).toEqual({ client_id: 'acme', event: own.find(({ event_id }) => event_id === data.event.event_id) });
      expect(event).toBe(data.event.type);
    }
    for (const reader of Object.values(readers)) reader.stop();
  });

  it('go on behind any event, also in the middle of those that were stored together', async () => {
    const events = Array.from({ length: 40 }, () => aLog());
    const reader = await open(api.url, acme);
    await send(events);
    await until(reader, 40);
    reader.stop();
    for (const n of [0, 7, 38, 39]) {
      const back = await open(second.url, acme, `?after=${reader.seen[n]?.id}`);
      await until(back, 39 - n);
      expect(back.seen).toEqual(reader.seen.slice(n + 1));
      back.stop();
    }
  });

  it('show what is committed late in its place, before what has a higher number', async () => {
    const reader = await open(api.url, acme);
    const [late, early] = [aLog(), aLog()];
    const commitLate = await storing([late], 51);
    await (await storing([early], 52))();
    await sleep(400);
    expect(reader.seen).toEqual([]);
    await commitLate();
    await until(reader, 2);
    expect(idsOf(reader.seen)).toEqual([late.event_id, early.event_id]);
    reader.stop();
  });

  it('end soon after the key is revoked, and are refused to whoever may not', async () => {
    const scopes = ['events:read'] as const;
    const { keyId, text } = await api.keys.create({ clientId: 'acme', label: '', scopes, allowDeclaredSafe: false });
    const reader = await open(api.url, { 'X-API-Key': text });
    expect(await api.keys.revoke(keyId)).toBeTruthy();
    expect(await reader.ended).toBe('unauthorized');
    await expect(open(api.url, { 'X-API-Key': text })).rejects.toThrow('401');
    await expect(open(api.url, {})).rejects.toThrow('401');
    const writer = { 'X-API-Key': await api.newKey({ clientId: 'acme' }, ['events:write']) };
    await expect(open(api.url, writer)).rejects.toThrow('403');
    const admin = { 'X-API-Key': await api.newKey({ role: 'Admin', tenants: '*' }, ['events:read']) };
    await expect(open(api.url, admin)).rejects.toThrow('403');
    for (const query of ['?after=999999999', '?after=x', '?after=1-', '?what=1', '?type=logs', '?level=LOUD']) {
      await expect(open(api.url, acme, query)).rejects.toThrow('422');
    }
  });
});

it('nobody misses anything or sees it twice, over reconnects to either process while stores come and go', async () => {
  const marker = await openEvents(api.url, staff);
  await send([aLog()]);
  await until(marker, 1);
  marker.stop();
  const before = marker.seen.at(-1)?.id;
  const follow = async (open: typeof openEvents, isDone: () => boolean) => {
    const all: Seen[] = [];
    for (let turn = 0, last = before; ; turn++) {
      const wasDone = isDone();
      const reader = await open((turn % 2 ? second : api).url, staff, `?after=${last}`);
      await sleep(wasDone ? 1_500 : 30 + Math.random() * 150);
      reader.stop();
      await reader.ended;
      all.push(...reader.seen);
      last = reader.seen.at(-1)?.id ?? last;
      if (wasDone && reader.seen.length === 0) return all;
    }
  };
  const written: Event[] = [];
  let isWritten = false;
  const isStored = async () => {
    const { rows } = await api.pool.query('SELECT sum(rows)::int AS n FROM event_block WHERE block_id > $1', [
      before?.split('-')[0],
    ]);
    return rows[0]?.n >= written.length;
  };
  const readers = [openEvents, openSocket, openEvents].map((open) => follow(open, () => isWritten));
  await Promise.all([
    ...Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; n < 25; n++) {
        const events = Array.from({ length: 1 + (n % 30) }, () => (n % 2 ? aLog({ source: `s${n}` }) : aPayment()));
        await send(events, writer % 2 ? globex : {});
        written.push(...events);
        await sleep(Math.random() * 30);
      }
    }),
    (async () => {
      await sleep(300);
      await stores.pop()?.stop();
      stores.push(await startStore(embeddedGround(database.dsn)));
    })(),
  ]);
  await expect.poll(isStored, { timeout: 20_000 }).toBe(true);
  isWritten = true;
  const seen = await Promise.all(readers);
  for (const items of seen) {
    expect(idsOf(items).sort()).toEqual(sortedIds(written));
    // All of them in the same order, and with the same ids.
    expect(items.map(({ id }) => id)).toEqual(seen[0]?.map(({ id }) => id));
  }
}, 60_000);

it('what came behind a place and is no longer kept is told of, at the beginning and on the way', async () => {
  const [old, next, last] = [aLog(), aLog(), aLog()];
  const live = await openEvents(api.url, acme);
  const other = await openEvents(api.url, globex);
  await (await storing([old, next], 61, new Date(Date.now() - 5 * 86_400_000)))();
  await until(live, 2);
  const [first] = live.seen;
  const block = live.seen[1]?.id;
  await send([aLog()], globex);
  await until(other, 1);
  const feed = new EventFeed({ pool: api.pool, keyRing: api.keyRing, onFailed: () => undefined });
  const { position, follow } = await feed.begin(['acme'], first?.id, {});
  const behind = follow(() => undefined);
  await expect.poll(async () => [...pageOf(await behind.after(position)).items].length).toBe(1);
  await forgetEvents(api.pool, { retentionDays: 2, countsRetentionDays: 30 });
  await send([last]);
  await until(live, 3);
  expect(idsOf(live.seen)).toEqual([old, next, last].map(({ event_id }) => event_id));
  expect(await behind.after(position)).toBe('forgotten');
  behind.stop();
  await feed.close();
  // Whoever had seen all of it has missed nothing; neither has another client.
  const all = await openEvents(second.url, acme, `?after=${block}`);
  await until(all, 1);
  expect(idsOf(all.seen)).toEqual([last.event_id]);
  const others = await openEvents(second.url, globex, `?after=${BigInt(block ?? 0) - 1n}`);
  await until(others, 1);
  await expect(openEvents(second.url, acme, `?after=${first?.id}`)).rejects.toThrow(/422.*no longer kept/);
  await expect(openEvents(second.url, staff, `?after=${first?.id}`)).rejects.toThrow(/422.*no longer kept/);
  const anew = await openEvents(second.url, acme, '?after=0');
  await until(anew, 1);
  await expect.poll(() => idsOf(anew.seen).at(-1)).toBe(last.event_id);
  for (const reader of [live, other, all, others, anew]) reader.stop();
});

it('stored events that are not what was stored are told of, and those around them shown', async () => {
  const reader = await openEvents(api.url, acme);
  const [bad, good] = [aLog(), aLog()];
  const commit = await storing([bad, bad, bad], 71);
  await commit();
  await until(reader, 3);
  reader.stop();
  const { rows } = await api.pool.query('SELECT max(block_id) AS id FROM event_block');
  const blockId = rows[0]?.id as string;
  await api.pool.query('UPDATE event_block SET rows = 2, identities = substr(identities, 1, 32) WHERE block_id = $1', [
    blockId,
  ]);
  await send([good]);
  const back = await openEvents(second.url, acme, `?after=${BigInt(blockId) - 1n}`);
  await until(back, 2);
  expect(back.seen[0]).toEqual({
    id: blockId,
    event: 'unreadable',
    data: { client_id: 'acme', type: 'log', events: 2 },
  });
  expect(idsOf(back.seen.slice(1))).toEqual([good.event_id]);
  back.stop();
  await api.pool.query('DELETE FROM event_block WHERE block_id = $1', [blockId]);
});

it('who takes nothing is cut off, holds back nobody, and is counted', async () => {
  const bulk = { 'X-API-Key': await api.newKey({ clientId: 'bulk' }) };
  // More than sockets hold: some 12 MB.
  await send(
    Array.from({ length: 1_500 }, () => aLog({ message: 'x'.repeat(8_000) })),
    bulk,
  );
  const figure = async (name: string) => {
    const lines = (await api.metrics.registry.metrics()).split('\n');
    return Number(
      lines
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1),
    );
  };
  const shown = await figure('sdp_live_stream_items_total{stream="events"}');
  const slow = connect(Number(new URL(api.url).port), '127.0.0.1');
  slow.pause();
  slow.write(
    `GET ${path}?after=0 HTTP/1.1\r\nHost: a\r\nX-API-Key: ${bulk['X-API-Key']}\r\nX-Request-Id: slow-one-1\r\n\r\n`,
  );
  await expect.poll(() => figure('sdp_live_streams{stream="events"}')).toBe(1);
  const reader = await openEvents(api.url, bulk, '?after=0');
  await until(reader, 1_500);
  await expect.poll(() => figure('sdp_live_streams_ended_total{stream="events",reason="slow"}')).toBe(1);
  expect(await figure('sdp_live_streams{stream="events"}')).toBe(1);
  expect(await figure('sdp_live_stream_items_total{stream="events"}')).toBeGreaterThanOrEqual(shown + 1_500);
  reader.stop();
  slow.resume();
  if (!slow.destroyed) await once(slow, 'close');
}, 60_000);
