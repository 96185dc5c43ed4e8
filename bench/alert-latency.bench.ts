import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable, quantile } from './measure.ts';
import { type ServerUnderTest, startServerUnderTest } from './server-under-test.ts';

const quietEventsPerSecond = 2_000;
const alertsPerSecond = 10;
const tickMs = 1_000 / alertsPerSecond;
const warmUpSeconds = 5;
/** Hosts that the events are of, one group each. */
const hosts = 50;

type Bus = 'embedded' | 'kafka';
type Routing = keyof typeof files;

/** Each alert by itself; and the file that SDP is shipped with, which gathers those of a type. */
const files = { 'each by itself': () => eachByItself, 'as shipped': shipped } as const;

/**
 * From sending an event to the webhook that is told of it, through API, bus, analysis and the worker of alerts, all in one process
 * with PostgreSQL beside it, while other events come in that nobody is told of.
 */
export async function benchAlertLatency({
  seconds,
  runs = [
    ['embedded', 'each by itself'],
    ['kafka', 'each by itself'],
    ['embedded', 'as shipped'],
  ],
}: {
  seconds: number;
  runs?: readonly (readonly [Bus, Routing])[];
}): Promise<string> {
  const rows: string[][] = [];
  for (const [bus, routing] of runs) {
    const kafka = bus === 'kafka' ? await startTestKafka() : undefined;
    if (kafka && 'skipped' in kafka) {
      rows.push([bus, routing, kafka.skipped, '', '', '', '', '']);
      continue;
    }
    const { times, messages } = await measure(seconds, files[routing](), kafka?.brokers.join(','));
    const quantiles = [0.5, 0.95, 0.99, 1].map((share) => `${quantile(times, share).toFixed(0)} ms`);
    rows.push([bus, routing, String(times.length), String(messages), ...quantiles]);
  }
  const note = `${alertsPerSecond} alerts a second for ${seconds} s, beside ${quietEventsPerSecond} events a second.`;
  return `${note}\n\n${markdownTable(['bus', 'routes', 'alerts', 'messages', 'p50', 'p95', 'p99', 'longest'], rows)}`;
}

async function measure(seconds: number, alertsFile: string, brokers: string | undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'sdp-bench-alerts-'));
  /** By the id of the message. */
  const arrivedAt = new Map<string, number>();
  const receiver = createServer((request, response) => {
    const id = String(request.headers['idempotency-key']);
    request.resume().on('end', () => {
      if (!arrivedAt.has(id)) arrivedAt.set(id, performance.now());
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => receiver.once('listening', resolve));
  const path = join(folder, 'alerts.yml');
  writeFileSync(path, alertsFile);
  const server = await startServerUnderTest('serve', brokers, [], {
    SDP_ALERTS_FILE: path,
    DISCORD_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
  });
  const db = new pg.Client({ connectionString: server.dsn });
  try {
    await db.connect();
    const sentAt = await sendEvents(server, seconds);
    return await told(db, sentAt, arrivedAt);
  } finally {
    await db.end().catch(() => undefined);
    await server.stop();
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** By the clock, not by the answers: a server that falls behind is sent no less. @returns when, by the amount of the payment */
async function sendEvents(server: ServerUnderTest, seconds: number): Promise<ReadonlyMap<number, number>> {
  const sentAt = new Map<number, number>();
  const sending = new Set<Promise<void>>();
  let failure: unknown;
  const start = (events: readonly object[]): void => {
    const sent = send(server, events)
      .catch((error: unknown) => {
        failure ??= error;
      })
      .finally(() => sending.delete(sent));
    sending.add(sent);
  };
  const begun = performance.now();
  for (let tick = 0; tick < (warmUpSeconds + seconds) * alertsPerSecond; tick++) {
    start(Array.from({ length: quietEventsPerSecond / alertsPerSecond }, (_, each) => payment(10, each)));
    // At another moment of each turn.
    await sleep(Math.random() * 0.9 * tickMs);
    if (tick >= warmUpSeconds * alertsPerSecond) {
      const amount = 20_000 + tick;
      sentAt.set(amount, performance.now());
      start([payment(amount, tick)]);
    }
    await sleep(Math.max(0, begun + (tick + 1) * tickMs - performance.now()));
  }
  await Promise.all(sending);
  if (failure !== undefined) throw failure;
  return sentAt;
}

/** Each alert by when the message arrived that told of it: one message may tell of many. */
async function told(db: pg.Client, sentAt: ReadonlyMap<number, number>, arrivedAt: ReadonlyMap<string, number>) {
  for (const deadline = performance.now() + 60_000; ; await sleep(200)) {
    const { rows } = await db.query<{ amount: number; message_id: string }>(
      `SELECT (numbers ->> 'amount')::float8 AS amount, message_id
         FROM alert JOIN alert_delivery USING (alert_id) WHERE type = 'transaction-large' AND message_id IS NOT NULL`,
    );
    const times = rows.flatMap(({ amount, message_id }) => {
      const [sent, arrived] = [sentAt.get(amount), arrivedAt.get(message_id)];
      return sent === undefined || arrived === undefined ? [] : [arrived - sent];
    });
    if (times.length === sentAt.size) return { times, messages: new Set(rows.map((row) => row.message_id)).size };
    if (performance.now() > deadline) throw new Error(`${sentAt.size - times.length} alerts were not told of`);
  }
}

const eachByItself = `channels:
  discord: { type: discord, url_env: DISCORD_WEBHOOK_URL, allow_private_addresses: true, rate_limit: { messages: 10000, per: 1m } }
route: { channels: [discord], group_by: [tag.host], group_wait: 0s, group_interval: 0s, repeat_interval: never }
`;

/** But for the address, which is on this machine. */
function shipped(): string {
  const text = readFileSync(new URL('../configs/alerts.yml', import.meta.url), 'utf8');
  return text.replace('    optional: true\n', '    optional: true\n    allow_private_addresses: true\n');
}

function payment(amount: number, n: number) {
  const [event_id, user_id] = [randomUUID(), `tok_${randomBytes(16).toString('hex')}`];
  return { event_id, type: 'transaction', at: new Date().toISOString(), user_id, amount, host: `host-${n % hosts}` };
}

async function send({ url, apiKey }: ServerUnderTest, events: readonly object[]): Promise<void> {
  const response = await fetch(`${url}/api/v1/events`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
    body: JSON.stringify({ events }),
  });
  if (response.status >= 300) throw new Error(`the server answered ${response.status} ${await response.text()}`);
}
