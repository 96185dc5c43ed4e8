import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort, type ServerProcess, spawnServer, untilReady } from '../scripts/demo/server-process.ts';
import { applyMigrations, startEmbeddedPostgres } from '../server/src/database/index.ts';
import { type Produced, runProducer } from '../server/src/events/generation/index.ts';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable, median } from './measure.ts';

const roles = ['events', 'analysis', 'alerts'] as const;
const sampleEveryMs = 10_000;
const anomaliesPerMinute = 1;

interface Sample {
  readonly minute: number;
  /** Resident set, in MiB. */
  readonly memory: number;
}

/**
 * Events for so many minutes through API, store, analysis and alerts, each a process of its own, with anomalies among them: whether memory stays
 * flat, whether every event is stored and every injected anomaly found, and what else was found.
 */
export async function benchSoak({
  minutes,
  rate = 2_000,
  bus = 'embedded',
  repeatMinutes = 60,
}: {
  minutes: number;
  rate?: number;
  bus?: 'embedded' | 'kafka';
  /** Events are remembered so long: memory grows until then. */
  repeatMinutes?: number;
}): Promise<string> {
  const kafka = bus === 'kafka' ? await startTestKafka() : undefined;
  if (kafka && 'skipped' in kafka) return kafka.skipped;
  // Not under TMPDIR: PostgreSQL may run under another account, which has to get there.
  const folder = mkdtempSync('/tmp/sdp-bench-soak-');
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data') });
  await applyMigrations(postgres.dsn);
  const receiver = await startReceiver();
  const apiKey = randomBytes(32).toString('base64url');
  writeFileSync(join(folder, 'alerts.yml'), alertsFile);
  const environment = {
    PATH: process.env['PATH'],
    DB_DSN: postgres.dsn,
    SDP_DATA_DIR: join(folder, 'server'),
    SDP_CRYPTO_KEY: randomBytes(32).toString('base64url'),
    SDP_API_KEY: apiKey,
    SDP_CLIENT_ID: 'soak',
    SDP_RATE_LIMIT_PER_MINUTE: '1000000',
    SDP_EVENTS_REPEAT_MINUTES: String(repeatMinutes),
    SDP_ALERTS_FILE: join(folder, 'alerts.yml'),
    SOAK_WEBHOOK_URL: receiver.url,
    SOAK_WEBHOOK_SECRET: `whsec_${randomBytes(32).toString('base64')}`,
    ...(kafka && { KAFKA_BROKERS: kafka.brokers.join(',') }),
  };
  const running: [string, ServerProcess][] = [];
  const start = async (name: string, command: readonly string[]) => {
    const [port, figures] = [await freePort(), await freePort()];
    const server = spawnServer({
      command,
      environment: { ...environment, SDP_PORT: String(port), PROMETHEUS_PORT: String(figures) },
      logPath: join(folder, `${name}.log`),
    });
    running.push([name, server]);
    const url = `http://127.0.0.1:${name === 'api' ? port : figures}`;
    await untilReady(url, server, AbortSignal.timeout(60_000));
    return url;
  };
  const pool = new pg.Pool({ connectionString: postgres.dsn, max: 1 });
  const samples = new Map<string, Sample[]>(['api', ...roles].map((name) => [name, []]));
  const startedAt = Date.now();
  const sampler = setInterval(() => {
    for (const [name, { pid }] of running) {
      samples.get(name)?.push({ minute: (Date.now() - startedAt) / 60_000, memory: residentMebibytes(pid) });
    }
  }, sampleEveryMs);
  try {
    const url = await start('api', ['api']);
    for (const role of roles) await start(role, ['worker', '--role', role]);
    const produced = await runProducer({
      ...{ serverUrl: url, apiKey, types: ['log', 'metric', 'transaction'], durationSeconds: minutes * 60 },
      ...{ intervalSeconds: 0.25, rate, speed: 1, seed: 1, anomalies: Math.ceil(minutes * anomaliesPerMinute) },
      onProgress: ({ elapsedSeconds, share }) =>
        process.stderr.write(
          `\r${Math.round(elapsedSeconds)} s, ${(share * 100).toFixed(1)} %, ${running.map(([name, { pid }]) => `${name} ${residentMebibytes(pid)}`).join(', ')} MiB  `,
        ),
    });
    process.stderr.write('\n');
    const accepted = Object.values(produced.accepted).reduce((sum, count) => sum + count, 0);
    const workedOffSeconds = await untilStored(pool, accepted);
    // What is left of windows, blocks and alerts.
    await sleep(5_000);
    return [
      `${minutes} minutes at ${rate} events a second on ${kafka ? 'Apache Kafka' : 'the embedded bus'}, each event remembered for ${repeatMinutes} minutes.`,
      memoryTable(samples, minutes),
      await outcome(pool, produced, accepted, workedOffSeconds, receiver.count()),
    ].join('\n\n');
  } finally {
    clearInterval(sampler);
    await pool.end();
    await Promise.all(running.map(([, server]) => server.stop()));
    await postgres.stop();
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Medians of six stretches, and the slope of the last three quarters by least squares. */
function memoryTable(samples: ReadonlyMap<string, readonly Sample[]>, minutes: number): string {
  const length = minutes / 6;
  const edges = Array.from({ length: 6 }, (_, i) => i * length);
  const header = edges.map((from) => `${Math.round(from)}–${Math.round(from + length)} min`);
  const rows = [...samples].map(([name, all]) => [
    name,
    ...edges.map((from) => {
      const within = all.filter(({ minute }) => minute >= from && minute < from + length);
      return String(median(within.map(({ memory }) => memory)));
    }),
    String(Math.max(...all.map(({ memory }) => memory))),
    slopePerHour(all.filter(({ minute }) => minute >= minutes / 4 && minute < minutes)).toFixed(0),
  ]);
  return markdownTable(['resident set, MiB', ...header, 'largest', 'MiB an hour'], rows);
}

async function outcome(
  pool: pg.Pool,
  produced: Produced,
  accepted: number,
  workedOffSeconds: number,
  told: number,
): Promise<string> {
  const { rows } = await pool.query<Found>(
    `SELECT detector, alert_type, alert_level, user_id, tags, timestamp, last_at, is_alert FROM anomaly_events ORDER BY timestamp`,
  );
  const isFound = ({ rule, from, to }: Produced['truth'][number]) =>
    rows.some(
      ({ detector, timestamp, last_at }) =>
        detector === `rule:${rule}` && Number(timestamp) <= Date.parse(to) && Number(last_at) >= Date.parse(from),
    );
  const missed = produced.truth.filter((each) => !isFound(each));
  const expected = new Map<string, number>();
  for (const { rule } of produced.truth) expected.set(`rule:${rule}`, (expected.get(`rule:${rule}`) ?? 0) + 1);
  const detectors = [...new Set([...expected.keys(), ...rows.map(({ detector }) => detector)])].toSorted();
  const table = markdownTable(
    ['detector', 'injected for it', 'found', 'of them alerts', 'outside of injected times'],
    detectors.map((name) => {
      const found = rows.filter(({ detector }) => detector === name);
      const outside = found.filter(
        ({ timestamp }) =>
          !produced.truth.some(
            ({ from, to }) => Number(timestamp) >= Date.parse(from) && Number(timestamp) <= Date.parse(to),
          ),
      );
      const counts = [expected.get(name) ?? 0, found.length, found.filter(({ is_alert }) => is_alert).length];
      return [name, ...counts.map(String), String(outside.length)];
    }),
  );
  const { latency, retries } = produced;
  const times = `requests p50 ${latency.quantile(0.5).toFixed(0)} ms, p99 ${latency.quantile(0.99).toFixed(0)} ms`;
  return [
    `${accepted.toLocaleString('en-US')} events accepted, all stored ${workedOffSeconds.toFixed(1)} s after the last; ${times}; tried once more: ${JSON.stringify(retries)}.`,
    `${produced.truth.length - missed.length} of ${produced.truth.length} injected anomalies found; ${told} alerts told.`,
    table,
  ].join('\n\n');
}

interface Found {
  readonly detector: string;
  readonly timestamp: Date;
  readonly last_at: Date;
  readonly is_alert: boolean;
}

async function untilStored(pool: pg.Pool, accepted: number): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const { rows } = await pool.query<{ n: string }>('SELECT coalesce(sum(n), 0) AS n FROM event_count');
    const seconds = (performance.now() - startedAt) / 1_000;
    if (Number(rows[0]?.n) === accepted) return seconds;
    if (seconds > 300) throw new Error(`${rows[0]?.n} of ${accepted} events are stored`);
    await sleep(100);
  }
}

async function startReceiver() {
  let told = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told += (JSON.parse(body) as { data: { alerts: readonly object[] } }).data.alerts.length;
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return { url, count: () => told, close: () => server.close() };
}

const alertsFile = `channels:
  webhook: { type: webhook, url_env: SOAK_WEBHOOK_URL, secret_env: SOAK_WEBHOOK_SECRET, allow_private_addresses: true }
route: { channels: [webhook], group_by: [type], group_wait: 1s, group_interval: 1s, repeat_interval: never }
`;

function slopePerHour(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [x, y] = [mean(({ minute }) => minute), mean(({ memory }) => memory)];
  const shared = samples.reduce((sum, { minute, memory }) => sum + (minute - x) * (memory - y), 0);
  return (60 * shared) / samples.reduce((sum, { minute }) => sum + (minute - x) ** 2, 0);
}

function residentMebibytes(pid: number): number {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kibibytes) / 1_024);
}
