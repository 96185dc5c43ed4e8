import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, StageBus } from '@sdp/shared/messaging';
import { applyMigrations, startEmbeddedPostgres } from '../server/src/database/index.ts';
import { type BusAddress, openBus } from '../server/test/bus/bus-address.ts';
import { eventually } from '../server/test/bus/eventually.ts';
import { startTestKafka } from '../test/support/kafka.ts';
import { markdownTable } from './measure.ts';

const partitions = 6;
const stages = 3;
const warmUpSeconds = 2;

/**
 * From a publisher through three stages to a tail, all in one process: what a message of 500 bytes takes at several rates. The
 * database has its default, durable settings.
 */
export async function benchHops({
  seconds,
  rates = [100, 500, 1_000],
  buses = ['embedded', 'kafka', 'kafka-transactions'],
}: {
  seconds: number;
  rates?: readonly number[];
  buses?: readonly string[];
}): Promise<string> {
  const rows: string[][] = [];
  for (const kind of buses) {
    const under = await start(kind);
    if ('skipped' in under) {
      rows.push([kind, under.skipped, ...Array<string>(7).fill('')]);
      continue;
    }
    try {
      for (const rate of rates) rows.push([kind, ...(await chain(under, rate, seconds))]);
    } finally {
      await under.stop();
    }
  }
  const head = [
    'bus',
    'messages/s',
    'p50',
    'p95',
    'p99',
    'max',
    'own CPU a message',
    'server CPU a message',
    'batches/s',
  ];
  return `Milliseconds from \`publish\` to the tail behind ${stages} stages; processor time in microseconds.\n\n${markdownTable(head, rows)}`;
}

interface BusUnderTest {
  readonly address: BusAddress;
  /** Processor time of the server's processes so far, in microseconds. */
  serverCpu(): number;
  stop(): Promise<void>;
}

async function chain({ address, serverCpu }: BusUnderTest, rate: number, seconds: number): Promise<string[]> {
  const bus = openBus(address);
  const run = randomUUID();
  const topics = Array.from({ length: stages + 1 }, (_, n) => `hop-${n}.${run}`);
  for (const topic of topics) await bus.ensureTopic(topic, partitions);
  const opened: Consumer[] = [];
  const total = rate * (seconds + warmUpSeconds);
  const millis = new Float64Array(total);
  let arrived = 0;
  let batches = 0;
  opened.push(
    await bus.tail(topics.at(-1) ?? '', (messages) => {
      for (const { headers } of messages) millis[Number(headers['n'])] = performance.now() - Number(headers['sent']);
      arrived += messages.length;
    }),
  );
  for (let n = 0; n < stages; n++) opened.push(await hop(bus, topics[n] ?? '', topics[n + 1] ?? '', () => batches++));
  // Assignments settle.
  await sleep(1_000);
  const value = Buffer.alloc(500, 1);
  const publishing: Promise<void>[] = [];
  const topic = topics[0] ?? '';
  const started = performance.now();
  let cpu = process.cpuUsage();
  let server = 0;
  for (let n = 0; n < total; n++) {
    const due = started + (n * 1_000) / rate;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    if (n === rate * warmUpSeconds) {
      [cpu, server, batches] = [process.cpuUsage(), serverCpu(), 0];
    }
    const headers = { n: String(n), sent: String(performance.now()) };
    publishing.push(bus.publish(topic, [{ key: `key-${n}`, value, headers }]));
  }
  await Promise.all(publishing);
  await eventually('all have arrived', () => arrived >= total);
  const own = process.cpuUsage(cpu);
  const measured = rate * seconds;
  const serverMicros = (serverCpu() - server) / measured;
  for (const one of opened.reverse()) await one.close();
  await bus.close();
  const sorted = millis.slice(rate * warmUpSeconds).sort();
  const at = (share: number) => (sorted[Math.min(measured - 1, Math.floor(measured * share))] ?? 0).toFixed(1);
  return [
    String(rate),
    ...[at(0.5), at(0.95), at(0.99), at(1)],
    ((own.user + own.system) / measured).toFixed(0),
    serverMicros.toFixed(0),
    (batches / seconds).toFixed(0),
  ];
}

function hop(bus: StageBus, topic: string, output: string, onBatch: () => void): Promise<Consumer> {
  return bus.runStage({
    topic,
    group: `group-of-${topic}`,
    handler: async ({ messages }) => {
      onBatch();
      return {
        outputs: [{ topic: output, messages: messages.map(({ key, value, headers }) => ({ key, value, headers })) }],
      };
    },
  });
}

async function start(kind: string): Promise<BusUnderTest | { readonly skipped: string }> {
  if (kind !== 'embedded') {
    const kafka = await startTestKafka();
    if ('skipped' in kafka) return kafka;
    const address: BusAddress = {
      ...{ kind: 'kafka', brokers: kafka.brokers },
      ...(kind === 'kafka-transactions' ? { transactions: true } : {}),
    };
    return { address, serverCpu: () => processorMicros(brokerPid()), stop: () => kafka.stop() };
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'sdp-bench-hops-'));
  const postgres = await startEmbeddedPostgres({ dataDir });
  await applyMigrations(postgres.dsn);
  const postmaster = Number(readFileSync(join(postgres.filesDir, 'cluster', 'postmaster.pid'), 'utf8').split('\n')[0]);
  return {
    address: { kind: 'embedded', dsn: postgres.dsn },
    serverCpu: () => processorMicros(postmaster),
    stop: async () => {
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Of the broker that {@link startTestKafka} started for this run, if it did. */
function brokerPid(): number {
  try {
    const state = readFileSync(
      join(import.meta.dirname, '..', '.kafka', `test-${process.ppid}`, 'broker.json'),
      'utf8',
    );
    return Number((JSON.parse(state) as { brokerPid?: number }).brokerPid);
  } catch {
    return 0;
  }
}

const microsPerTick = 10_000;

/** Processor time that a process and its children have used, where the kernel shows it as Linux does; else 0. */
function processorMicros(root: number): number {
  let ticks = 0;
  for (const name of existsSync('/proc/self/stat') ? readdirSync('/proc') : []) {
    if (!/^\d+$/.test(name)) continue;
    const fields = statOf(name);
    const isRoot = Number(name) === root;
    if (!isRoot && Number(fields[1]) !== root) continue;
    // utime and stime; of the root also those of children that have ended.
    for (const field of isRoot ? [11, 12, 13, 14] : [11, 12]) ticks += Number(fields[field]);
  }
  return ticks * microsPerTick;
}

/** What stands behind the name in proc_pid_stat(5), beginning with the state. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}
