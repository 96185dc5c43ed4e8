import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { markdownTable } from './measure.ts';
import { type Body, eventsFrom, eventsPerBody, forms, megabytes, residentBytes, sendAll } from './sent-events.ts';
import { type ServerUnderTest, startServerUnderTest } from './server-under-test.ts';

const followerCounts = [0, 10, 0, 10] as const;

/**
 * How fast events are stored while nobody, or somebody, follows them: an API process, a worker that stores, PostgreSQL and the
 * followers share the machine. From the first request until the last event is stored, and until each follower has seen it.
 */
export async function benchFollowers({ events }: { events: number }): Promise<string> {
  const server = await startServerUnderTest('api', undefined, ['events'], {
    SDP_EVENTS_RATE_PER_MINUTE: '1000000000',
    SDP_EVENTS_MAX_BACKLOG: '10000000',
  });
  const db = new pg.Client({ connectionString: server.dsn });
  const rows: string[][] = [];
  try {
    await db.connect();
    await run(server, db, 'warm-up', Math.ceil(events / 4), 0);
    for (const [turn, followers] of followerCounts.entries()) {
      const { storedMs, seenMs, bytes } = await run(server, db, `turn-${turn}`, events, followers);
      const rate = (ms: number) => Math.round((events / ms) * 1_000).toLocaleString('en-US');
      rows.push([String(followers), rate(storedMs), followers === 0 ? '' : rate(seenMs), megabytes(bytes)]);
    }
  } finally {
    await db.end().catch(() => undefined);
    await server.stop();
  }
  const note = `${events.toLocaleString('en-US')} events each; the followers are one process, which counts what it sees.`;
  return `${note}\n\n${markdownTable(['followers', 'stored/s', 'seen/s by each', 'memory of the API'], rows)}`;
}

async function run(server: ServerUnderTest, db: pg.Client, name: string, events: number, followers: number) {
  const bodies: Body[] = [];
  const make = forms['NDJSON'] as (typeof forms)[string];
  for (let first = 0; first < events; first += eventsPerBody) bodies.push(await make(eventsFrom(name, first)));
  const sent = bodies.length * eventsPerBody;
  const stored = async () => {
    const { rows } = await db.query('SELECT coalesce(sum(rows), 0)::int AS n FROM event_block');
    return rows[0].n as number;
  };
  const before = await stored();
  const stopping = new AbortController();
  const open = await Promise.all(Array.from({ length: followers }, () => follow(server, stopping.signal)));
  const started = performance.now();
  await sendAll(server, bodies);
  while ((await stored()) < before + sent) await sleep(50);
  const storedMs = performance.now() - started;
  await Promise.all(open.map((follower) => follower.until(sent)));
  const seenMs = performance.now() - started;
  const bytes = await residentBytes(server);
  stopping.abort();
  return { storedMs, seenMs, bytes };
}

async function follow({ url, apiKey }: ServerUnderTest, signal: AbortSignal) {
  const response = await fetch(`${url}/api/v1/events/stream`, { headers: { 'X-API-Key': apiKey }, signal });
  if (response.status !== 200 || response.body === null) throw new Error(`the server answered ${response.status}`);
  let seen = 0;
  let isOver = false;
  const read = async () => {
    // Each event ends so, and nothing else of it holds an empty line.
    let wasLineEnd = false;
    for await (const chunk of response.body as ReadableStream<Uint8Array>) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      if (wasLineEnd && bytes[0] === 10) seen += 1;
      for (let at = bytes.indexOf('\n\n'); at >= 0; at = bytes.indexOf('\n\n', at + 2)) seen += 1;
      wasLineEnd = bytes.at(-1) === 10 && bytes.at(-2) !== 10;
    }
  };
  void read()
    .catch(() => undefined)
    .then(() => {
      isOver = true;
    });
  return {
    until: async (count: number) => {
      // The line that says when to come back is one more.
      while (seen < count + 1) {
        if (isOver) throw new Error(`a follower was cut off after ${seen} events`);
        await sleep(20);
      }
    },
  };
}
