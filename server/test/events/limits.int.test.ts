import { UnavailableError } from '@sdp/shared/errors';
import type { StageBus } from '@sdp/shared/messaging';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { eventStoreGroup, eventTopics } from '../../src/events/index.ts';
import { LagGate } from '../../src/events/intake/lag-gate.ts';
import {
  aLog,
  allEvents,
  aMetric,
  type EventApiProcess,
  embeddedGround,
  type Ground,
  ndjson,
  type StoreProcess,
  startApi,
  startStore,
} from './support/pipeline.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
});
afterAll(() => database.stop());

const lines = 'application/x-ndjson';
let api: EventApiProcess;
let store: StoreProcess | undefined;
let isAway = false;

/** A bus that takes nothing while it is away, or only what comes first. */
function shakyGround(): Ground {
  const ground = embeddedGround(database.dsn);
  return {
    ...ground,
    openBus: (pool) => {
      const bus = ground.openBus(pool);
      const publish: StageBus['publish'] = async (topic, messages) => {
        if (isAway) throw new UnavailableError('bus-unavailable');
        return bus.publish(topic, messages);
      };
      return new Proxy(bus, {
        get: (target, name) => {
          if (name === 'publish') return publish;
          const value = Reflect.get(target, name);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    },
  };
}

const stored = async (query: string) => (await allEvents(api, query)).map(({ event_id }) => event_id);
const until = (query: string, ids: readonly string[]) =>
  vi.waitFor(async () => expect((await stored(query)).sort()).toEqual([...ids].sort()), {
    timeout: 20_000,
    interval: 50,
  });

describe('while the bus is away', () => {
  beforeEach(async () => {
    api = await startApi(shakyGround());
    store = await startStore(embeddedGround(database.dsn));
  });
  afterEach(async () => {
    isAway = false;
    await store?.stop();
    await api.stop();
  });

  it('events are turned away with Retry-After, and taken once it is back', async () => {
    isAway = true;
    const events = [aLog({ source: 'away', host: 'away' })];
    const refused = await api.post({ events });
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const stream = await api.post(ndjson(events), lines);
    expect([stream.status, stream.body.accepted]).toEqual([503, 0]);
    isAway = false;
    await vi.waitFor(async () => expect((await api.post({ events })).status).toBe(200), {
      timeout: 20_000,
      interval: 500,
    });
    await until(
      '&host=away',
      events.map(({ event_id }) => event_id),
    );
  }, 60_000);

  it('a stream says how many lines stand, and goes on from there without loss or repeat', async () => {
    const events = Array.from({ length: 3_000 }, () => aMetric({ host: 'half' }));
    const [first, rest] = [events.slice(0, 1_000), events.slice(1_000)];
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(Buffer.from(ndjson(first)));
        await vi.waitFor(async () => expect((await stored('&host=half')).length).toBe(1_000), {
          timeout: 20_000,
          interval: 50,
        });
        isAway = true;
        controller.enqueue(Buffer.from(ndjson(rest)));
        controller.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half', headers: { 'Content-Type': lines } };
    const response = await api.fetch('/api/v1/events', init as RequestInit);
    const answer = (await response.json()) as { accepted: number };
    expect([response.status, answer.accepted]).toEqual([503, 1_000]);
    isAway = false;
    const resumed = ndjson(events.slice(answer.accepted));
    await vi.waitFor(async () => expect((await api.post(resumed, lines)).status).toBe(200), {
      timeout: 20_000,
      interval: 500,
    });
    await until(
      '&host=half',
      events.map(({ event_id }) => event_id),
    );
  }, 60_000);
});

describe('more than the server takes', () => {
  afterEach(() => api.stop());

  it('waits behind the bus: events are turned away until they have been stored', async () => {
    api = await startApi(embeddedGround(database.dsn), { maxBacklog: 2 });
    const events = Array.from({ length: 5 }, (_, i) => aLog({ source: `lag-${i}`, host: 'lag' }));
    for (const event of events) await api.post(event);
    await vi.waitFor(
      async () => {
        const answer = await api.post(events[0]);
        expect([answer.status, answer.body.code]).toEqual([503, 'server-busy']);
        expect(answer.headers.get('retry-after')).toBe('5');
      },
      { timeout: 10_000, interval: 100 },
    );
    const late = await startStore(embeddedGround(database.dsn));
    await vi.waitFor(async () => expect((await api.post(events[0])).status).toBe(200), {
      timeout: 20_000,
      interval: 200,
    });
    await until(
      '&host=lag',
      events.map(({ event_id }) => event_id),
    );
    await late.stop();
  }, 60_000);

  it('comes at once: rates and requests have bounds', async () => {
    api = await startApi(embeddedGround(database.dsn), { ratePerMinute: 6_000 });
    const events = Array.from({ length: 5_000 }, () => aLog({ host: 'many' }));
    expect((await api.post({ events })).status).toBe(200);
    const answer = await api.post(ndjson(events), lines);
    expect([answer.status, answer.body.code]).toEqual([429, 'rate-limited']);
    // What the bucket gained meanwhile.
    expect(answer.body.accepted).toBeLessThan(200);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await api.post('x'.repeat(9_000_000))).status).toBe(413);
    expect((await api.post(`${'x'.repeat(900_000)}`, lines)).status).toBe(400);
  }, 60_000);
});

describe('LagGate', () => {
  it('looks once a second, however many ask, and lets nobody in while it cannot tell', async () => {
    let [now, looks, lag] = [0, 0, 5n];
    let isDown = false;
    const told: number[] = [];
    const gate = new LagGate({
      lagOf: async () => {
        looks += 1;
        if (isDown) throw new UnavailableError('bus-unavailable');
        const of = (waiting: bigint) => [{ partition: 0, lag: waiting, end: waiting, settled: 0n }];
        return [[...of(lag), ...of(1n)], of(2n)];
      },
      maxMessages: 6,
      onOverload: (messages) => void told.push(messages),
      now: () => now,
    });
    await Promise.all(Array.from({ length: 10 }, () => gate.check()));
    expect([looks, gate.messages]).toEqual([1, 6]);
    lag = 6n;
    await gate.check();
    now = 1_000;
    await expect(gate.check()).rejects.toMatchObject({ code: 'server-busy' });
    now = 1_500;
    await expect(gate.check()).rejects.toMatchObject({ details: { retryAfterSeconds: 5 } });
    expect(told).toEqual([7]);
    isDown = true;
    now = 2_000;
    await expect(gate.check()).rejects.toMatchObject({ code: 'bus-unavailable' });
    expect(looks).toBe(3);
  });
});

describe('a poison message', () => {
  it('goes to the dead letters, and all around it is stored', async () => {
    api = await startApi(embeddedGround(database.dsn));
    const before = [aLog({ host: 'poison' }), aMetric({ host: 'poison' })];
    const after = [aLog({ host: 'poison' }), aMetric({ host: 'poison' })];
    await api.post({ events: before });
    for (const topic of Object.values(eventTopics)) {
      const values = ['not sealed', Buffer.alloc(300, 0xff), '{"type":"log"}'];
      await api.bus.publish(
        topic,
        values.map((value, i) => ({ key: `acme/${i}`, value: Buffer.from(value) })),
      );
    }
    await api.post({ events: after });
    store = await startStore(embeddedGround(database.dsn));
    await until(
      '&host=poison',
      [...before, ...after].map(({ event_id }) => event_id),
    );
    const { rows } = await api.pool.query(
      "SELECT topic, count(*)::int AS n FROM bus_log WHERE topic LIKE '%.dlq' GROUP BY 1 ORDER BY 1",
    );
    expect(rows).toEqual(
      Object.values(eventTopics)
        .map((topic) => ({ topic: `${topic}.dlq`, n: 3 }))
        .sort((a, b) => (a.topic < b.topic ? -1 : 1)),
    );
    const lag = (
      await Promise.all(Object.values(eventTopics).map((topic) => api.bus.lag(topic, eventStoreGroup)))
    ).flat();
    expect(lag.every((each) => each.lag === 0n)).toBe(true);
    await store.stop();
    await api.stop();
  }, 60_000);
});
