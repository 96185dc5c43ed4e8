import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable } from './measure.ts';
import { type ServerUnderTest, startServerUnderTest } from './server-under-test.ts';

const program = join(import.meta.dirname, '../server/bin/sdp-server.js');
const rates = [100, 500, 1_000];
const warmUpSeconds = 5;

/** What `sdp-server simulate --json` prints, as far as it is looked at. */
interface Simulated {
  readonly sent: number;
  readonly decided: number;
  readonly pending: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly latency_ms: Readonly<Record<'measured' | 'p50' | 'p95' | 'p99' | 'max', number>>;
}

const stages = ['enrich', 'embed', 'score', 'decide'].map((stage) => `transaction-${stage}`);

/**
 * Time from a transaction's being due to the answer with its decision, over HTTP, at rates that don't depend on the answers: API
 * and all stages in one process (`serve`), and in two (`api` and `worker`); the sender in another, PostgreSQL with durable settings.
 */
export async function benchTransactions({
  seconds,
  buses = ['embedded', 'kafka'],
}: {
  readonly seconds: number;
  readonly buses?: readonly ('embedded' | 'kafka')[];
}): Promise<string> {
  const rows: string[][] = [];
  const notes: string[] = [];
  for (const bus of buses) {
    const kafka = bus === 'kafka' ? await startTestKafka() : undefined;
    if (kafka && 'skipped' in kafka) {
      notes.push(`Kafka was left out: ${kafka.skipped}`);
      continue;
    }
    for (const processes of [1, 2]) {
      for (const rate of rates) {
        const brokers = kafka?.brokers.join(',');
        const server = await (processes === 1
          ? startServerUnderTest('serve', brokers)
          : startServerUnderTest('api', brokers, stages));
        try {
          rows.push([bus, String(processes), String(rate), ...(await measure(server, rate, seconds))]);
        } finally {
          await server.stop();
        }
      }
    }
  }
  const header = [
    'bus',
    'processes',
    'a second',
    'p50',
    'p95',
    'p99',
    'longest',
    'failed',
    'CPU of the server',
    'of PostgreSQL',
  ];
  return [markdownTable(header, rows), ...notes].join('\n\n');
}

async function measure(server: ServerUnderTest, rate: number, seconds: number): Promise<string[]> {
  const client = new pg.Client({ connectionString: server.dsn });
  await client.connect();
  try {
    const before = await usedCpu(server, client);
    const { sent, decided, errors, pending, latency_ms: latency } = await simulate(server, rate, seconds);
    const after = await usedCpu(server, client);
    const perTransaction = (spentMs: number) => `${(spentMs / sent).toFixed(2)} ms`;
    const ms = (value: number) => `${value.toFixed(1)} ms`;
    const failed = sent - decided;
    return [
      ...[latency.p50, latency.p95, latency.p99, latency.max].map(ms),
      failed === 0 ? '0' : `${failed} (${JSON.stringify({ ...errors, pending })})`,
      perTransaction(after.serverMs - before.serverMs),
      perTransaction(after.databaseMs - before.databaseMs),
    ];
  } finally {
    await client.end();
  }
}

async function simulate({ url, apiKey }: ServerUnderTest, rate: number, seconds: number): Promise<Simulated> {
  const args = ['--server-url', url, '--rate', `${rate}`, '--duration', `${seconds}`, '--warm-up', `${warmUpSeconds}`];
  const child = spawn(process.execPath, [program, 'simulate', '--json', ...args], {
    env: { PATH: process.env['PATH'], SDP_API_KEY: apiKey },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return JSON.parse(output) as Simulated;
}

/** Processor time so far: of the server by its own metrics, of PostgreSQL by its processes where /proc shows them. */
async function usedCpu(
  { url, workerUrl }: ServerUnderTest,
  client: pg.Client,
): Promise<{ serverMs: number; databaseMs: number }> {
  let serverMs = 0;
  for (const each of workerUrl === undefined ? [url] : [url, workerUrl]) {
    const metrics = await (await fetch(`${each}/metrics`)).text();
    serverMs += Number(/^process_cpu_seconds_total ([\d.e+-]+)/m.exec(metrics)?.[1]) * 1_000;
  }
  const { rows } = await client.query<{ pid: number }>('SELECT pid FROM pg_stat_activity');
  return { serverMs, databaseMs: rows.reduce((sum, { pid }) => sum + processorMs(pid), 0) };
}

const ticksPerSecond = 100;

function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return ((Number(fields[11]) + Number(fields[12])) * 1_000) / ticksPerSecond;
  } catch {
    return 0;
  }
}
