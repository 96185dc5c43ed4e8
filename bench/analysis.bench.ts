import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Event } from '@sdp/shared/contracts';
import { spawnServer } from '../scripts/demo/server-process.ts';
import { EmbeddedBus } from '../server/src/bus/index.ts';
import { KafkaBus } from '../server/src/bus/kafka/index.ts';
import { applyMigrations, startEmbeddedPostgres } from '../server/src/database/index.ts';
import { generateEvents } from '../server/src/events/generation/index.ts';
import { createLogger } from '../server/src/observability/index.ts';
import { type Ground, openSender, type Sender } from '../server/test/analysis/support/pipeline.ts';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable } from './measure.ts';

const partitions = 6;
/** What the API takes at once. */
const eventsAtOnce = 5_000;
const topics = [
  ['logs', 'sdp-analysis-logs'],
  ['metrics', 'sdp-analysis-metrics'],
  ['transactions', 'sdp-analysis-transactions'],
] as const;

/**
 * Events a second through the analysis: opened, told from repeats, watched by the rules and detectors that SDP is shipped with,
 * findings stored. They wait in the log when the workers start; the time counts while workers are at it. PostgreSQL, and the
 * broker, run on the same cores.
 */
export async function benchAnalysis({
  events,
  buses = ['embedded', 'kafka'],
}: {
  events: number;
  buses?: readonly ('embedded' | 'kafka')[];
}): Promise<string> {
  const rows: string[][] = [];
  for (const kind of buses) {
    for (const workers of [1, 2]) rows.push([kind, String(workers), ...(await drain(kind, workers, events))]);
  }
  return `${events} events of all three types.\n\n${markdownTable(['bus', 'workers', 'events/s', 'CPU a worker', 'anomalies', 'memory a worker'], rows)}`;
}

async function drain(kind: 'embedded' | 'kafka', workers: number, count: number): Promise<string[]> {
  const kafka = kind === 'kafka' ? await startTestKafka() : undefined;
  if (kafka && 'skipped' in kafka) return [kafka.skipped, '', '', ''];
  const folder = mkdtempSync('/tmp/sdp-bench-analysis-');
  chmodSync(folder, 0o755);
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'data') });
  await applyMigrations(postgres.dsn);
  const logger = createLogger({ level: 'silent' });
  const { dsn } = postgres;
  const ground: Ground = {
    ...{ dsn, partitions },
    openBus: (pool) =>
      kafka
        ? new KafkaBus({ brokers: kafka.brokers, clientId: 'bench', logger })
        : new EmbeddedBus({ pool, dsn, logger }),
  };
  const sender = await openSender(ground);
  const before = await left(sender);
  // Of a client of its own: a broker still has the events of the run before.
  await fill(sender, count, `bench-${kind}-${workers}`);
  const messages = (await left(sender)) - before;
  const running = Array.from({ length: workers }, (_, i) =>
    spawnServer({
      command: ['worker', '--role', 'analysis'],
      environment: {
        PATH: process.env['PATH'],
        DB_DSN: dsn,
        SDP_CRYPTO_KEY: Buffer.alloc(32, 7).toString('base64url'),
        SDP_DATA_DIR: join(folder, 'server'),
        SDP_TOPIC_PARTITIONS: String(partitions),
        ...(process.env['SDP_BENCH_NODE_OPTIONS'] && { NODE_OPTIONS: process.env['SDP_BENCH_NODE_OPTIONS'] }),
        ...(kafka && { KAFKA_BROKERS: kafka.brokers.join(',') }),
      },
      logPath: join(folder, `worker-${i}.log`),
    }),
  );
  try {
    // Until all have partitions and are at it.
    let waiting = messages;
    while (waiting > messages * 0.9) [waiting] = [await left(sender), await sleep(100)];
    const startedAt = performance.now();
    const cpu = running.map(({ pid }) => processorMillis(pid));
    const from = waiting;
    while (waiting > messages / 20) [waiting] = [await left(sender), await sleep(100)];
    const seconds = (performance.now() - startedAt) / 1_000;
    const used = running.map(({ pid }, i) => (processorMillis(pid) - (cpu[i] ?? 0)) / (seconds * 1_000));
    const memory = running.map(({ pid }) => residentMegabytes(pid));
    await sender.settled();
    const rate = ((from - waiting) / messages) * (count / seconds);
    const { rows } = await sender.pool.query<{ n: string }>('SELECT count(*) AS n FROM anomaly_events');
    return [
      Math.round(rate).toLocaleString('en-US'),
      used.map((share) => `${Math.round(share * 100)} %`).join(', '),
      String(rows[0]?.n),
      memory.map((megabytes) => `${megabytes} MB`).join(', '),
    ];
  } finally {
    await Promise.all(running.map((worker) => worker.stop()));
    await sender.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function left({ bus }: Sender): Promise<number> {
  const lags = await Promise.all(topics.map(([topic, group]) => bus.lag(topic, group)));
  return lags.flat().reduce((sum, { lag }) => sum + Number(lag), 0);
}

async function fill(sender: Sender, count: number, clientId: string): Promise<void> {
  const toMs = Date.now();
  const fromMs = toMs - 600_000;
  const { events } = generateEvents({
    ...{ types: ['log', 'metric', 'transaction'], fromMs, toMs, seed: 1, anomalies: 50 },
    eventsPerSecond: count / 600,
  });
  let due: Event[] = [];
  for (const event of events) {
    due.push(event);
    if (due.length < eventsAtOnce) continue;
    await sender.send(due, new Date(event.at), clientId);
    due = [];
  }
  await sender.send(due, new Date(toMs), clientId);
}

function processorMillis(pid: number): number {
  // Ticks of a hundredth of a second, in user mode and for us in the system.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function residentMegabytes(pid: number): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}
