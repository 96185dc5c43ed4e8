/**
 * Throughput and latency of a bus, by hand: `node --conditions=sdp-source server/test/bus/bus.bench.ts embedded` or
 * `… kafka host:port`. The embedded bus runs on a PostgreSQL with its default, durable settings.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyMigrations, startEmbeddedPostgres } from '../../src/database/index.ts';
import { type BusAddress, openBus } from './bus-address.ts';
import { eventually } from './eventually.ts';

const [kind, brokers] = process.argv.slice(2);
const messageBytes = 1_024;
const count = 100_000;
const perCall = 500;
const hopsPerSecond = 500;
const hopSeconds = 15;

const { address, stop } =
  kind === 'kafka' ? { address: kafkaAddress(), stop: async () => undefined } : await embedded();
const bus = openBus(address);
try {
  await throughput();
  await latency();
} finally {
  await bus.close();
  await stop();
}

async function throughput(): Promise<void> {
  const topic = `bench.${randomUUID()}`;
  await bus.ensureTopic(topic, 6);
  const value = Buffer.alloc(messageBytes, 1);
  const started = performance.now();
  const calls = Array.from({ length: count / perCall }, (_, call) => call);
  await Promise.all(
    [0, 1, 2, 3].map(async () => {
      for (let call = calls.pop(); call !== undefined; call = calls.pop()) {
        await bus.publish(
          topic,
          Array.from({ length: perCall }, (_, n) => ({ key: `key-${call}-${n}`, value })),
        );
      }
    }),
  );
  report('published', count, started);
  let handled = 0;
  const read = performance.now();
  const consumer = await bus.consume({ topic, group: 'bench', handler: async () => void handled++ });
  await eventually('all are consumed', () => handled >= count);
  report('consumed', count, read);
  await consumer.close();
}

async function latency(): Promise<void> {
  const topic = `bench.${randomUUID()}`;
  await bus.ensureTopic(topic, 6);
  const value = Buffer.alloc(messageBytes, 1);
  const millis: number[] = [];
  const consumer = await bus.consume({
    topic,
    group: 'bench',
    handler: async ({ message }) => void millis.push(performance.now() - Number(message.headers['sent'])),
  });
  const total = hopsPerSecond * hopSeconds;
  const started = performance.now();
  const publishing: Promise<void>[] = [];
  for (let n = 0; n < total; n++) {
    const due = started + (n * 1_000) / hopsPerSecond;
    await sleep(Math.max(0, due - performance.now()));
    publishing.push(bus.publish(topic, [{ key: `key-${n}`, value, headers: { sent: String(performance.now()) } }]));
  }
  await Promise.all(publishing);
  await eventually('all have arrived', () => millis.length >= total);
  await consumer.close();
  millis.splice(0, hopsPerSecond); // the first second warms up
  millis.sort((a, b) => a - b);
  const at = (share: number) => (millis[Math.floor(millis.length * share)] ?? 0).toFixed(1);
  process.stdout.write(`one hop at ${hopsPerSecond}/s: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(0.9999)} ms\n`);
}

function report(what: string, messages: number, since: number): void {
  const perSecond = Math.round(messages / ((performance.now() - since) / 1_000));
  process.stdout.write(`${what}: ${perSecond} messages of ${messageBytes} bytes a second\n`);
}

function kafkaAddress(): BusAddress {
  return { kind: 'kafka', brokers: (brokers ?? process.env['KAFKA_BROKERS'] ?? '127.0.0.1:9092').split(',') };
}

async function embedded(): Promise<{ address: BusAddress; stop: () => Promise<void> }> {
  const dataDir = mkdtempSync('/tmp/sdp-bench-');
  const postgres = await startEmbeddedPostgres({ dataDir });
  await applyMigrations(postgres.dsn);
  return {
    address: { kind: 'embedded', dsn: postgres.dsn },
    stop: async () => {
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
