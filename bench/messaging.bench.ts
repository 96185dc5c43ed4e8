import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey } from '@sdp/shared/crypto';
import {
  type BusPort,
  type Delivery,
  deriveMessageKeys,
  KeyRing,
  type PayloadContract,
  SecureConsumer,
  SecureProducer,
  SecurityManager,
} from '@sdp/shared/messaging';
import { z } from 'zod';
import { applyMigrations, startEmbeddedPostgres } from '../server/src/database/index.ts';
import { type BusAddress, openBus } from '../server/test/bus/bus-address.ts';
import { eventually } from '../server/test/bus/eventually.ts';
import { type SkippedKafka, startTestKafka } from '../test/support/kafka.ts';
import { inTurn, markdownTable, median } from './measure.ts';

type Signature = 'hmac-sha256' | 'ed25519';

const contract = {
  name: 'bench',
  version: 1,
  schema: z.strictObject({ n: z.int(), text: z.string() }),
} satisfies PayloadContract;

const perCall = 500;
const text = 'x'.repeat(1_000);
const master = generateKey();

/** Sealing and opening alone, then producer and consumer against the bus without them, on each bus there is. */
export async function benchMessaging({
  messages,
  runs,
  kinds = ['embedded', 'kafka'],
}: {
  readonly messages: number;
  readonly runs: number;
  readonly kinds?: readonly ('embedded' | 'kafka')[];
}): Promise<string> {
  const parts = [await sealing()];
  for (const kind of kinds) parts.push(await onBus(kind, messages, runs));
  return parts.join('\n\n');
}

const securityOf = (signature: Signature) =>
  new SecurityManager({ keys: new KeyRing(deriveMessageKeys(master, { party: 'bench', generation: 1, signature })) });

async function sealing(): Promise<string> {
  const rows: string[][] = [];
  for (const [name, signature, batch] of [
    ['HMAC-SHA-256', 'hmac-sha256', 1],
    ['Ed25519, each', 'ed25519', 1],
    ['Ed25519, one for 500', 'ed25519', 500],
  ] as const) {
    const security = securityOf(signature);
    const count = 20_000;
    const plaintext = Buffer.from(JSON.stringify({ n: 1, text }));
    const contexts = Array.from({ length: count }, (_, n) => ({
      ...{ topic: 'bench', key: `key-${n}`, schemaId: 'bench.v1', eventId: `event-${n}`, tenant: 'bench' },
    }));
    const sealed: Buffer[] = [];
    const begun = performance.now();
    for (let from = 0; from < count; from += batch) {
      const group = contexts.slice(from, from + batch).map((context) => ({ context, plaintext }));
      if (batch > 1) sealed.push(...(await security.sealBatch(group)));
      else for (const { context } of group) sealed.push(await security.seal(context, plaintext));
    }
    const sealedAt = performance.now();
    for (const [n, context] of contexts.entries()) security.open(context, sealed[n] as Buffer);
    const rate = (ms: number) => Math.round((count / ms) * 1_000).toLocaleString('en');
    rows.push([name, rate(sealedAt - begun), rate(performance.now() - sealedAt)]);
  }
  return markdownTable(['1 KB, signed by', 'sealed/s', 'opened/s'], rows);
}

async function onBus(kind: 'embedded' | 'kafka', messages: number, runs: number): Promise<string> {
  const started = kind === 'embedded' ? await embedded() : await kafka();
  if ('skipped' in started) return `Kafka was left out: ${started.skipped}`;
  const { address, stop } = started;
  const bus = openBus(address);
  try {
    const rows: string[][] = [];
    for (const signature of ['hmac-sha256', 'ed25519'] as const) {
      const pairs = await inTurn(
        runs,
        () => plain(bus, messages),
        () => secure(bus, messages, signature),
      );
      const rate = (of: 'a' | 'b', what: keyof Rates) => median(pairs.map((pair) => pair[of][what]));
      const ratio = (what: keyof Rates) => median(pairs.map(({ a, b }) => b[what] / a[what])).toFixed(2);
      for (const what of ['produced', 'consumed'] as const) {
        const figures = (['a', 'b'] as const).map((of) => Math.round(rate(of, what)).toLocaleString('en'));
        rows.push([`${kind}, ${signature}, ${what}/s`, ...figures, ratio(what)]);
      }
    }
    return markdownTable(
      [`${messages.toLocaleString('en')} messages of 1 KB`, 'bus, as JSON', 'secured', 'ratio'],
      rows,
    );
  } finally {
    await bus.close();
    await stop();
  }
}

interface Rates {
  /** A second. */
  readonly produced: number;
  readonly consumed: number;
}

/** Events as JSON, as any program sends and reads them; in the same batches, with the same acknowledgements. */
async function plain(bus: BusPort, messages: number): Promise<Rates> {
  const topic = await freshTopic(bus);
  const produced = await produce(messages, (keys) =>
    bus.publish(
      topic,
      keys.map((key, n) => ({ key, value: Buffer.from(JSON.stringify({ n, text })) })),
    ),
  );
  let handled = 0;
  const started = performance.now();
  const handler = async ({ message }: Delivery) => {
    const { n } = JSON.parse(
      Buffer.from(message.value.buffer, message.value.byteOffset, message.value.byteLength).toString('utf8'),
    ) as { n: number };
    handled += n < 0 ? 0 : 1;
  };
  const consumer = await bus.consume({ topic, group: topic, handler });
  await eventually('all are consumed', () => handled >= messages);
  const consumed = (handled / (performance.now() - started)) * 1_000;
  await consumer.close();
  return { produced, consumed };
}

async function secure(bus: BusPort, messages: number, signature: Signature): Promise<Rates> {
  const topic = await freshTopic(bus);
  const producer = new SecureProducer({ bus, security: securityOf(signature), tenant: 'bench' });
  await producer.connect();
  const produced = await produce(messages, (keys) =>
    producer.sendBatch(
      topic,
      keys.map((key, n) => ({ key, contract, payload: { n, text } })),
    ),
  );
  let handled = 0;
  const started = performance.now();
  const consumer = new SecureConsumer({ bus, group: topic, security: securityOf(signature) });
  consumer.subscribe({ topic, contracts: [contract] });
  await consumer.run(async () => void handled++);
  await eventually('all are consumed', () => handled >= messages);
  const consumed = (handled / (performance.now() - started)) * 1_000;
  await consumer.close();
  return { produced, consumed };
}

/** From four callers at once, as requests come. */
async function produce(messages: number, send: (keys: readonly string[]) => Promise<unknown>): Promise<number> {
  const calls = Array.from({ length: Math.ceil(messages / perCall) }, (_, call) => call);
  const started = performance.now();
  const caller = async () => {
    for (let call = calls.pop(); call !== undefined; call = calls.pop()) {
      await send(Array.from({ length: perCall }, (_, n) => `key-${call}-${n}`));
    }
  };
  await Promise.all([caller(), caller(), caller(), caller()]);
  return (messages / (performance.now() - started)) * 1_000;
}

async function freshTopic(bus: BusPort): Promise<string> {
  const topic = `bench.${randomUUID()}`;
  await bus.ensureTopic(topic, 6);
  return topic;
}

interface StartedBus {
  readonly address: BusAddress;
  stop(): Promise<void>;
}

async function kafka(): Promise<StartedBus | SkippedKafka> {
  const broker = await startTestKafka();
  if ('skipped' in broker) return broker;
  return { address: { kind: 'kafka', brokers: broker.brokers }, stop: () => broker.stop() };
}

async function embedded(): Promise<StartedBus> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sdp-bench-'));
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
