import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import {
  aLog,
  allEvents,
  aMetric,
  aPayment,
  type EventApiProcess,
  embeddedGround,
  ndjson,
  type StoreProcess,
  startApi,
  startStore,
} from './support/pipeline.ts';

let database: TestDatabase;
let api: EventApiProcess;
let store: StoreProcess;
beforeAll(async () => {
  database = await startTestDatabase();
  api = await startApi(embeddedGround(database.dsn));
  store = await startStore(embeddedGround(database.dsn));
});
afterAll(async () => {
  await store.stop();
  await api.stop();
  await database.stop();
});

const lines = 'application/x-ndjson';
/** The ids of what can be read by the query, once there are as many. */
async function readable(count: number, query: string, headers = {}): Promise<string[]> {
  return vi.waitFor(
    async () => {
      const ids = (await allEvents(api, query, headers)).map(({ event_id }) => event_id);
      expect(ids.length).toBeGreaterThanOrEqual(count);
      return ids;
    },
    { timeout: 20_000, interval: 50 },
  );
}

describe('events', () => {
  it('are taken as one, as several and as a stream, plain and compressed, and can be read, newest first', async () => {
    const source = { source: 'ways' };
    const [one, two, three] = [aLog(source), aLog(source), aLog(source)];
    const [metric, payment] = [aMetric({ host: 'ways' }), aPayment()];
    expect((await api.post(one)).body).toEqual({ accepted: 1 });
    await readable(1, '&type=log');
    expect((await api.post({ events: [two, metric, payment] })).body).toEqual({ accepted: 3 });
    await readable(2, '&type=log');
    const stream = ndjson([three]);
    expect((await api.post(gzipSync(stream), lines, { 'Content-Encoding': 'gzip' })).body).toEqual({ accepted: 1 });
    expect((await api.post(zstdCompressSync(`\n${stream}`), lines, { 'Content-Encoding': 'zstd' })).body).toEqual({
      accepted: 2,
    });
    expect(await readable(3, '&type=log')).toEqual([three.event_id, two.event_id, one.event_id]);
    expect(await allEvents(api, '&host=ways')).toEqual([metric]);
    expect(await allEvents(api, `&user_id=${payment.user_id}&type=transaction`)).toEqual([payment]);
  });

  it('sent again are the same events, within a request, later, and across a restart of the store', async () => {
    const events = Array.from({ length: 300 }, () => aMetric({ host: 'again' }));
    await api.post(ndjson([...events, ...events.slice(0, 100)]), lines);
    await readable(300, '&host=again');
    await api.post({ events });
    await store.stop();
    store = await startStore(embeddedGround(database.dsn));
    await api.post({ events });
    const last = aMetric({ host: 'again' });
    await api.post(last);
    const ids = await readable(301, '&host=again');
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBe(301);
  });

  it('that cannot be taken name every field, the first line, and how many lines stand', async () => {
    const good = aLog({ source: 'prefix' });
    const answer = await api.post(ndjson([good, '', { ...aLog(), level: 'LOUD', more: 1 }, aLog()]), lines);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ code: 'request-invalid', accepted: 1, findings: [{ line: 2 }] });
    const other = await api.post(`${JSON.stringify(good)}\n\n{"type":\n`, lines);
    expect(other.status).toBe(400);
    expect(other.body).toMatchObject({ code: 'request-malformed', accepted: 1, findings: [{ line: 3 }] });
    const whole = await api.post({ events: [aLog(), { ...aLog(), at: 'yesterday' }, { ...aMetric(), metrics: {} }] });
    expect(whole.status).toBe(422);
    expect(whole.body.findings.map(({ field }: { field: string }) => field)).toEqual([
      'events.1.at',
      'events.2.metrics',
    ]);
    expect(whole.body.accepted).toBeUndefined();
    const future = await api.post(aLog({ at: new Date(Date.now() + 2 * 86_400_000).toISOString() }));
    expect(future.body.findings).toEqual([{ field: 'at', message: 'lies more than a day in the future' }]);
    expect((await api.post(aLog({ at: '1969-12-31T23:00:00Z' }))).status).toBe(422);
    expect((await api.post('a,b', 'text/csv')).status).toBe(415);
    expect((await api.post('{"events": 1')).status).toBe(400);
  });

  it('with personal data are refused by index and field, and the value stands nowhere', async () => {
    const secrets = [
      'maria.huber@example.org',
      '4111 1111 1111 1111',
      'DE89 3704 0044 0532 0130 00',
      '+49 89 636 48018',
    ];
    const events = secrets.map((secret) => aLog({ message: `login of ${secret} failed` }));
    const whole = await api.post({ events: [aLog(), ...events] });
    expect(whole.status).toBe(422);
    expect(whole.body).toMatchObject({ code: 'raw-pii-found' });
    expect(whole.body.findings.map(({ field }: { field: string }) => field)).toEqual(
      [1, 2, 3, 4].map((i) => `events.${i}.message`),
    );
    const stream = await api.post(ndjson([aLog(), events[0]]), lines);
    expect(stream.body).toMatchObject({
      code: 'raw-pii-found',
      accepted: 1,
      findings: [{ line: 2, field: 'message' }],
    });
    const malformed = await api.post({ type: 'log', whatever: { [secrets[0] as string]: secrets[1] } });
    expect(malformed.body.code).toBe('raw-pii-found');
    const trail = await vi.waitFor(async () => {
      const { rows } = await api.pool.query(
        "SELECT detail, client_id FROM audit_event WHERE action = 'upload.refused'",
      );
      expect(rows.length).toBe(1);
      return rows;
    });
    // One line for now, however many requests.
    expect(trail).toEqual([{ client_id: 'acme', detail: { detector: 'email', columns: 4, requests: 1 } }]);
    const printed = [whole.text, stream.text, malformed.text, ...api.log, ...store.log].join('\n');
    for (const secret of secrets) expect(printed).not.toContain(secret);
    expect((await allEvents(api, '&type=log')).filter(({ event_id }) => event_id === events[0]?.event_id)).toEqual([]);
  });

  it('are the client’s own: nobody else reads or counts them, and keys need their scope and role', async () => {
    const mine = aLog({ source: 'mine', level: 'FATAL' });
    await api.post(mine);
    await readable(1, '&level=FATAL');
    const globex = { 'X-API-Key': await api.newKey({ clientId: 'globex' }) };
    expect(await allEvents(api, '', globex)).toEqual([]);
    expect((await api.get('/api/v1/stats', globex)).body.total).toMatchObject({ log: 0, metric: 0 });
    const blind = { 'X-API-Key': await api.newKey({ clientId: 'acme' }, ['events:write']) };
    expect((await api.get('/api/v1/events', blind)).status).toBe(403);
    const mute = await api.newKey({ clientId: 'acme' }, ['events:read']);
    expect((await api.post(aLog(), undefined, { 'X-API-Key': mute })).status).toBe(403);
    const staff = { 'X-API-Key': await api.newKey({ role: 'DataAnalyst', tenants: '*' }, ['events:read']) };
    expect((await api.get('/api/v1/events', staff)).status).toBe(422);
    const named = { ...staff, 'X-SDP-Client-Id': 'acme' };
    expect((await allEvents(api, '&level=FATAL', named)).map(({ event_id }) => event_id)).toEqual([mine.event_id]);
    expect((await api.post(aLog(), undefined, named)).status).toBe(403);
  });

  it('are read by time range, level and page, also where a block holds many', async () => {
    const at = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 0, second)).toISOString();
    const events = Array.from({ length: 50 }, (_, i) =>
      aLog({ source: 'range', at: at(i), level: i % 10 === 0 ? 'WARN' : 'DEBUG' }),
    );
    await api.post({ events });
    const range = `&from=${at(10)}&to=${at(40)}`;
    const ids = await readable(30, range);
    expect(ids).toEqual(
      events
        .slice(10, 40)
        .map(({ event_id }) => event_id)
        .reverse(),
    );
    const warned = (await allEvents(api, `${range}&level=WARN`)).map((event) => event.at);
    expect(warned).toEqual([at(30), at(20), at(10)]);
    const pages: string[] = [];
    let cursor = '';
    do {
      const { body } = await api.get(`/api/v1/events?limit=7${range}${cursor}`);
      pages.push(...body.events.map(({ event_id }: { event_id: string }) => event_id));
      cursor = body.next_cursor === null ? '' : `&cursor=${body.next_cursor}`;
    } while (cursor !== '');
    expect(pages).toEqual(ids);
    expect((await api.get('/api/v1/events?cursor=1-x')).status).toBe(422);
    expect((await api.get('/api/v1/events?form=2026')).status).toBe(422);
  });

  it('are counted by type, level and bucket, without gaps', async () => {
    const at = (minute: number, second = 0) => new Date(Date.UTC(2026, 1, 3, 4, minute, second)).toISOString();
    const events = [
      ...[0, 59].map((second) => aLog({ at: at(0, second), level: 'ERROR' })),
      aLog({ at: at(1), level: 'WARN' }),
      aMetric({ at: at(7) }),
      aPayment({ at: at(11, 30) }),
    ];
    await api.post({ events: [...events, ...events] });
    const stats = async (bucket: string, from: string, to: string) =>
      (await api.get(`/api/v1/stats?bucket=${bucket}&from=${from}&to=${to}`)).body;
    await vi.waitFor(
      async () =>
        expect((await stats('hour', at(0), at(60))).total).toMatchObject({ log: 3, metric: 1, transaction: 1 }),
      { timeout: 20_000, interval: 50 },
    );
    const minutes = await stats('minute', at(0), at(12));
    expect(minutes.buckets.length).toBe(12);
    expect(minutes.buckets.map(({ log }: { log: number }) => log)).toEqual([2, 1, ...Array(10).fill(0)]);
    expect(minutes.buckets[0].levels).toMatchObject({ ERROR: 2, WARN: 0 });
    const fives = await stats('5m', at(1), at(12));
    expect(fives.buckets).toMatchObject([
      { start: at(0), log: 3, metric: 0, transaction: 0 },
      { start: at(5), log: 0, metric: 1, transaction: 0 },
      { start: at(10), log: 0, metric: 0, transaction: 1 },
    ]);
    expect((await stats('day', at(0), at(1))).buckets).toMatchObject([{ start: '2026-02-03T00:00:00.000Z', log: 3 }]);
    expect((await api.get(`/api/v1/stats?from=${at(0)}&to=2026-06-01T00:00:00Z`)).status).toBe(422);
    expect((await api.get(`/api/v1/stats?from=${at(5)}&to=${at(1)}`)).status).toBe(422);
  });
});
