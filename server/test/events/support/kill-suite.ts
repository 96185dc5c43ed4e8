import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event, EventShown } from '@sdp/shared/contracts';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort, type ServerProcess, spawnServer, untilReady } from '../../../../scripts/demo/server-process.ts';
import { startTestDatabase, type TestDatabase } from '../../../../test/support/postgres.ts';
import { eventsAt, type OpenReader, socketAt } from '../../live-streams/stream-reader.ts';
import { aLog, aMetric, aPayment, ndjson } from './pipeline.ts';

/** Rounds in which each process is killed once; more with SDP_KILL_ROUNDS, for hours. */
const rounds = Number(process.env['SDP_KILL_ROUNDS'] ?? 1);
const apiKey = 'an-api-key-for-this-test-0123456789';
const names = ['api', 'store-1', 'store-2'] as const;
type ProcessName = (typeof names)[number];
const isLong = rounds > 1;
const kill: readonly ProcessName[] = isLong ? ['store-1', 'store-2', 'api', 'store-1'] : ['store-1', 'api', 'store-2'];

/** The API and two stores as processes of their own, killed one after the other while events come in. */
export function killSuite(brokers: () => readonly string[] | undefined = () => undefined): void {
  let database: TestDatabase;
  let folder: string;
  let url: string;
  const running = new Map<ProcessName, ServerProcess>();

  function launch(name: ProcessName): ServerProcess {
    const given = brokers();
    const started = spawnServer({
      command: name === 'api' ? ['api'] : ['worker', '--role', 'events'],
      environment: {
        PATH: process.env['PATH'],
        DB_DSN: database.dsn,
        SDP_CRYPTO_KEY: Buffer.alloc(32, 9).toString('base64url'),
        SDP_API_KEY: apiKey,
        SDP_CLIENT_ID: 'acme',
        SDP_PORT: new URL(url).port,
        SDP_DATA_DIR: join(folder, 'server'),
        SDP_TOPIC_PARTITIONS: '3',
        ...(given && { KAFKA_BROKERS: given.join(',') }),
      },
      logPath: join(folder, `${name}.log`),
    });
    running.set(name, started);
    return started;
  }

  beforeAll(async () => {
    database = await startTestDatabase();
    folder = mkdtempSync(join(tmpdir(), 'sdp-kill-'));
    url = `http://127.0.0.1:${await freePort()}`;
    await untilReady(url, launch('api'), AbortSignal.timeout(60_000));
    for (const name of names.slice(1)) launch(name);
  }, 120_000);
  afterAll(async () => {
    await Promise.all([...running.values()].map((each) => each.stop()));
    await database.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Sends events until all stand, as a client would: from the first that doesn't, and all again where nobody can tell. */
  async function send(events: readonly Event[]): Promise<void> {
    let rest = events;
    for (let attempt = 0; attempt < 300 && rest.length > 0; attempt++) {
      const response = await fetch(`${url}/api/v1/events`, {
        method: 'POST',
        headers: { 'X-API-Key': apiKey, 'Content-Type': 'application/x-ndjson' },
        body: ndjson(rest),
        signal: AbortSignal.timeout(15_000),
      }).catch(() => undefined);
      const body = (await response?.json().catch(() => undefined)) as { accepted?: number } | undefined;
      if (response !== undefined) expect([200, 503]).toContain(response.status);
      rest = rest.slice(response?.status === 200 ? rest.length : (body?.accepted ?? 0));
      if (rest.length > 0) await sleep(100);
    }
    expect(rest).toEqual([]);
  }

  /** Follows stored events over whatever breaks, from the oldest on. */
  async function follow(open: OpenReader<EventShown>, isDone: () => boolean): Promise<string[]> {
    const seen: string[] = [];
    for (let last = '0', wasDone = false; !wasDone; ) {
      wasDone = isDone();
      const reader = await open(url, { 'X-API-Key': apiKey }, `?after=${last}`).catch(() => undefined);
      if (reader === undefined) {
        await sleep(100);
        wasDone = false;
        continue;
      }
      await Promise.race([sleep(wasDone ? 3_000 : 500 + Math.random() * 1_000), reader.ended]);
      reader.stop();
      await reader.ended;
      seen.push(...reader.seen.map(({ data }) => data.event.event_id));
      last = reader.seen.at(-1)?.id ?? last;
    }
    return seen;
  }

  it('saves each accepted event exactly once, and shows it once to who follows, whoever is killed', async () => {
    const sent: Event[] = [];
    let isSending = true;
    let isStored = false;
    const path = '/api/v1/events/stream';
    const followers = [eventsAt<EventShown>(path), socketAt<EventShown>(path)].map((open) =>
      follow(open, () => isStored),
    );
    for (const follower of followers) follower.catch(() => undefined);
    const sender = (async () => {
      while (isSending) {
        const events = Array.from({ length: 200 }, (_, i) =>
          i % 3 === 0
            ? aMetric({ host: `web-${i % 20}` })
            : i % 3 === 1
              ? aPayment()
              : aLog({ source: `svc-${i % 7}` }),
        );
        sent.push(...events);
        await send(events);
        // A client that isn't sure sends again.
        if (Math.random() < 0.3) await send(events.slice(0, 50));
      }
    })();
    // Whatever fails is told by the await below.
    sender.catch(() => undefined);
    await sleep(1_000);
    for (let round = 0; round < rounds; round++) {
      for (const name of kill) {
        const killed = running.get(name);
        killed?.kill('SIGKILL');
        await killed?.ended;
        launch(name);
        await sleep(isLong ? 2_000 + Math.random() * 4_000 : 500);
      }
    }
    isSending = false;
    await sender;

    const client = new pg.Client({ connectionString: database.dsn });
    await client.connect();
    await client.query("SET sdp.tenants = '*'");
    const sum = async (sql: string) =>
      Number((await client.query(`SELECT coalesce(sum(n), 0) AS n FROM ${sql}`)).rows[0].n);
    const stored = () => sum('(SELECT rows AS n FROM event_block) AS blocks');
    for (const deadline = Date.now() + 90_000; (await stored()) < sent.length && Date.now() < deadline; )
      await sleep(200);
    // Time for what should not come.
    await sleep(1_000);
    expect(await stored()).toBe(sent.length);
    expect(await sum('event_count')).toBe(sent.length);
    await client.end();
    isStored = true;
    const ids = sent.map(({ event_id }) => event_id).sort();
    for (const follower of followers) expect((await follower).sort()).toEqual(ids);

    const read: string[] = [];
    for (let cursor = ''; cursor !== undefined; ) {
      const response = await fetch(`${url}/api/v1/events?limit=500${cursor}`, { headers: { 'X-API-Key': apiKey } });
      const page = (await response.json()) as { events: Event[]; next_cursor: string | null };
      read.push(...page.events.map(({ event_id }) => event_id));
      if (page.next_cursor === null) break;
      cursor = `&cursor=${page.next_cursor}`;
    }
    expect(read.length).toBe(sent.length);
    expect(new Set(read)).toEqual(new Set(sent.map(({ event_id }) => event_id)));
  }, 10_800_000);
}
