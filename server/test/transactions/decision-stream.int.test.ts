import { setTimeout as sleep } from 'node:timers/promises';
import { decidedTransactionSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import {
  type ApiProcess,
  aTransaction,
  embeddedGround,
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
  api = await startApi(embeddedGround(database.dsn), { maxStreams: 3 });
});
afterAll(async () => {
  await api.stop();
  await worker.stop();
  await database.stop();
});

interface Shown {
  readonly id?: string;
  readonly event?: string;
  readonly data?: string;
}

/** Reads events as a browser's EventSource would. */
async function follow(key: string, lastEventId?: string) {
  const abort = new AbortController();
  const response = await fetch(`${api.url}/api/v1/transactions/stream`, {
    headers: { 'X-API-Key': key, ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }) },
    signal: abort.signal,
  });
  const events: Shown[] = [];
  const ended = (async () => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const lines = text
          .slice(0, end)
          .split('\n')
          .filter((line) => !line.startsWith(':') && !line.startsWith('retry'));
        text = text.slice(end + 2);
        const event = Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
        if (lines.length > 0) events.push(event);
      }
    }
  })().catch(() => undefined);
  const decisions = () => events.filter(({ event }) => event === 'decision');
  return {
    response,
    events,
    ended,
    decisions,
    ids: () => decisions().map(({ data }) => decidedTransactionSchema.parse(JSON.parse(data ?? '')).transaction_id),
    stop: async () => {
      abort.abort();
      await ended;
    },
  };
}

async function send(key: string, count: number): Promise<string[]> {
  const transactions = Array.from({ length: count }, () => aTransaction());
  const response = await fetch(`${api.url}/api/v1/transactions?wait_ms=10000`, {
    method: 'POST',
    headers: { 'X-API-Key': key, 'Content-Type': 'application/json' },
    body: JSON.stringify({ transactions }),
  });
  expect(response.status).toBe(200);
  return transactions.map(({ transaction_id }) => transaction_id);
}

describe('GET /api/v1/transactions/stream', () => {
  it('shows the client’s own decisions from now on, each once', async () => {
    const [{ text: mine }, { text: theirs }] = [await api.newKey('mine'), await api.newKey('theirs')];
    await send(mine, 5);
    await sleep(200);
    const stream = await follow(mine);
    expect(stream.response.headers.get('content-type')).toContain('text/event-stream');
    const [sent] = await Promise.all([send(mine, 40), send(theirs, 40)]);
    await expect.poll(() => stream.ids().length).toBe(40);
    await sleep(150);
    expect(stream.ids().sort()).toEqual([...sent].sort());
    await stream.stop();
  });

  it('goes on after any event that was seen, without a gap or a repeat', async () => {
    const { text: key } = await api.newKey('resuming');
    const first = await follow(key);
    const sent = await send(key, 30);
    await expect.poll(() => first.ids().length).toBe(30);
    await first.stop();
    const missed = await send(key, 10);
    for (const at of [0, 13, 29]) {
      const seen = first.ids().slice(0, at + 1);
      const again = await follow(key, first.decisions()[at]?.id);
      await expect.poll(() => again.ids().length).toBe(29 - at + 10);
      expect([...seen, ...again.ids()].sort()).toEqual([...sent, ...missed].sort());
      await again.stop();
    }
  });

  it('shows what was decided while nobody stored decisions', async () => {
    const { text: key } = await api.newKey('delayed');
    const [id] = await send(key, 1);
    const stream = await follow(key, '0.0.0');
    await expect.poll(() => stream.ids()).toEqual([id]);
    await stream.stop();
  });

  it.each(['x', '-1', '1.', '1'.repeat(30), ''])('refuses the id %j', async (id) => {
    const { text: key } = await api.newKey('refused');
    const stream = await follow(key, id);
    // An empty header is as good as none.
    expect(stream.response.status).toBe(id === '' ? 200 : 422);
    await stream.stop();
  });

  it('ends when its key is revoked, and takes no more than so many', async () => {
    const { text: key, keyId } = await api.newKey('revoked');
    // The server learns of a reader that went away when its connection closes: the streams before may still count.
    const admitted = async () => {
      for (;;) {
        const stream = await follow(key);
        if (stream.response.status === 200) return stream;
        await sleep(20);
      }
    };
    const streams = [await admitted(), await admitted(), await admitted()];
    expect((await follow(key)).response.status).toBe(503);
    await api.revoke(keyId);
    await Promise.all(streams.map(({ ended }) => ended));
    for (const { events } of streams) expect(events.at(-1)).toEqual({ event: 'end', data: '{"code":"unauthorized"}' });
  });

  it('ends with the server', async () => {
    const { text: key } = await api.newKey('closing');
    const other = await startApi(embeddedGround(database.dsn));
    const response = await fetch(`${other.url}/api/v1/transactions/stream`, { headers: { 'X-API-Key': key } });
    await other.stop();
    expect(await response.text()).toContain('event: end\ndata: {"code":"closing"}');
  });
});
