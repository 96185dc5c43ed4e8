import { eventTypes } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { runProducer } from '../../src/events/index.ts';
import {
  allEvents,
  type EventApiProcess,
  embeddedGround,
  type StoreProcess,
  startApi,
  startStore,
} from './support/pipeline.ts';

let database: TestDatabase;
let api: EventApiProcess;
let store: StoreProcess;
beforeAll(async () => {
  database = await startTestDatabase();
  api = await startApi(embeddedGround(database.dsn), { ratePerMinute: 60_000 });
  store = await startStore(embeddedGround(database.dsn));
});
afterAll(async () => {
  await store.stop();
  await api.stop();
  await database.stop();
});

const options = { types: eventTypes, durationSeconds: 2, intervalSeconds: 0.2, speed: 1_200, anomalies: 16 };
const keyOf = (clientId: string) => api.newKey({ clientId });
const total = (accepted: Readonly<Record<string, number>>) => Object.values(accepted).reduce((sum, n) => sum + n, 0);

async function storedIds(apiKey: string, count: number): Promise<Set<string>> {
  return vi.waitFor(
    async () => {
      const ids = (await allEvents(api, '', { 'X-API-Key': apiKey })).map(({ event_id }) => event_id);
      expect(ids.length).toBe(count);
      return new Set(ids);
    },
    { timeout: 20_000, interval: 100 },
  );
}

describe('runProducer', () => {
  it('has all its events taken, once, and knows of which the anomalies are', async () => {
    const apiKey = await keyOf('whole');
    const produced = await runProducer({ ...options, apiKey, serverUrl: api.url, rate: 1_000, seed: 3 });
    expect(produced.isInterrupted).toBe(false);
    expect(produced.truth.length).toBeGreaterThanOrEqual(16);
    expect(total(produced.accepted)).toBeGreaterThan(1_500);
    const ids = await storedIds(apiKey, total(produced.accepted));
    expect(ids.size).toBe(total(produced.accepted));
    for (const { event_ids } of produced.truth) expect(event_ids.every((id) => ids.has(id))).toBe(true);
  });

  it('sends again what was not taken, from where the server said', async () => {
    const apiKey = await keyOf('fast');
    // Of these, ten seconds’ worth are let in at once and the rest as the bucket fills.
    const fast = { ...options, durationSeconds: 1, rate: 13_000, seed: 4 };
    const produced = await runProducer({ ...fast, apiKey, serverUrl: api.url });
    expect(Object.keys(produced.retries)).toEqual(['429']);
    expect((await storedIds(apiKey, total(produced.accepted))).size).toBe(total(produced.accepted));
    expect(produced.truth.length).toBeGreaterThanOrEqual(16);
  });

  it('tells of no anomaly, when interrupted, whose events it has not all sent', async () => {
    const apiKey = await keyOf('interrupted');
    const stop = new AbortController();
    const running = runProducer({
      ...{ ...options, durationSeconds: 60, speed: 60, apiKey, serverUrl: api.url, rate: 200, seed: 5 },
      signal: stop.signal,
      onProgress: ({ elapsedSeconds }) => {
        if (elapsedSeconds > 1) stop.abort();
      },
    });
    const produced = await running;
    expect(produced.isInterrupted).toBe(true);
    const ids = await storedIds(apiKey, total(produced.accepted));
    for (const { event_ids } of produced.truth) expect(event_ids.every((id) => ids.has(id))).toBe(true);
    expect(produced.truth.length).toBeLessThan(16);
  });

  it('gives up at once where it may not hand in events', async () => {
    const run = (apiKey: string) => runProducer({ ...options, apiKey, serverUrl: api.url, rate: 100, seed: 6 });
    await expect(run('nobody-knows-this-key-0123456789abcdef')).rejects.toMatchObject({ code: 'unauthorized' });
    await expect(run(await api.newKey({ clientId: 'reader' }, ['events:read']))).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('says at once that nobody is there', async () => {
    const run = runProducer({ ...options, apiKey: 'any', serverUrl: 'http://127.0.0.1:1', rate: 100, seed: 7 });
    await expect(run).rejects.toMatchObject({ code: 'server-unreachable' });
  });
});
