import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Admin } from '@platformatic/kafka';
import { generateMasterKeyText } from '@sdp/shared/crypto';
import { SdpError } from '@sdp/shared/errors';
import { AccessRules, type BusMessage, type BusPort, PoisonError } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
// @ts-expect-error A script in JavaScript, since it runs before anything is built.
import { makeAuthority, makeCertificate } from '../../../scripts/certificates.mjs';
import {
  connectedProducer,
  countedContract,
  runningConsumer,
} from '../../../shared/test/messaging/support/secure-pair.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { type SecuredKafka, type SecuredUser, startSecuredKafka } from '../../../test/support/secured-kafka.ts';
import { KafkaTopicAdmin } from '../../src/bus/kafka/index.ts';
import { createLogger } from '../../src/observability/index.ts';
import { openPlatform } from '../../src/processes/platform.ts';
import { loadSettings } from '../../src/settings/index.ts';
import { applyTopics, findTopicDrift } from '../../src/topics/index.ts';
import { assertContiguousIds, assertNoDuplicateIds } from './assert-ids.ts';
import { type BusAddress, openBus } from './bus-address.ts';
import { eventually } from './eventually.ts';

const [kafka, plainKafka] = await Promise.all([startSecuredKafka(), startTestKafka()]);
const plain = 'skipped' in plainKafka ? [] : plainKafka.brokers;

type Listener = 'SASL/SCRAM-SHA-512 over TLS' | 'client certificates';
const listeners: Listener[] = ['SASL/SCRAM-SHA-512 over TLS', 'client certificates'];

/** What the two parties of these tests may do; `payments` may read what it may not write. */
const rules = new AccessRules([
  {
    role: 'sdp-server',
    topics: ['secured.*'],
    allow: ['READ', 'WRITE', 'DESCRIBE'],
    groups: ['sdp-*'],
    transactional_ids: ['sdp-*'],
  },
  { role: 'payments', topics: ['secured.*'], allow: ['READ', 'DESCRIBE'], groups: ['payments-*'] },
]);

describe.skipIf('skipped' in kafka)('a secured broker', () => {
  const secured = kafka as SecuredKafka;
  const scratch = mkdtempSync(join(tmpdir(), 'sdp-foreign-'));
  let admin: BusPort;
  const opened: { close(): Promise<unknown> }[] = [];

  const addressOf = (listener: Listener, user: SecuredUser): BusAddress & { kind: 'kafka' } =>
    listener === 'client certificates'
      ? { kind: 'kafka', brokers: [secured.mtlsBroker], tls: { ca: secured.ca, ...secured.certificate(user) } }
      : { kind: 'kafka', brokers: [secured.saslBroker], tls: { ca: secured.ca }, sasl: credentials(user) };
  const credentials = (user: SecuredUser) => ({
    ...{ mechanism: 'SCRAM-SHA-512' as const, username: user, password: secured.password(user) },
  });
  const open = (address: BusAddress): BusPort => {
    const bus = openBus(address);
    opened.push(bus);
    return bus;
  };
  const freshTopic = async (partitions = 3) => {
    const topic = `secured.${randomUUID()}`;
    await admin.ensureTopic(topic, partitions);
    return topic;
  };

  beforeAll(async () => {
    const commands = rules
      .kafkaAclCommands()
      .map((command) => `${command} --command-config '${secured.dir}/admin.properties'`);
    const environment = {
      PATH: `${join(secured.dir, '../bin')}:${process.env['PATH']}`,
      KAFKA_BROKERS: secured.saslBroker,
    };
    // Two at a time: each is a JVM of its own.
    const script = commands.map((command, i) => (i % 2 === 0 ? `${command} & first=$!` : `${command} && wait $first`));
    const granted = spawnSync('sh', ['-ec', script.join('\n')], { env: environment, encoding: 'utf8' });
    expect(granted.status, granted.stderr).toBe(0);
    admin = openBus(addressOf(listeners[0] as Listener, 'admin'));
  }, 120_000);
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
  });
  afterAll(async () => {
    await admin?.close();
    rmSync(scratch, { recursive: true });
  });

  describe.each(listeners)('with %s', (listener) => {
    const bus = () => open(addressOf(listener, 'sdp-server'));

    it('carries messages byte for byte, in order per key, to all members of a group together', async () => {
      const topic = await freshTopic();
      const [sender, one, other] = [bus(), bus(), bus()];
      // Who may not make topics is content with one that is there.
      await sender.ensureTopic(topic, 3);
      const value = Uint8Array.from({ length: 256 }, (_, i) => i);
      const messages: BusMessage[][] = [[], []];
      for (const [member, from] of [one, other].entries()) {
        const handler = async ({ message }: { message: BusMessage }) => void messages[member]?.push(message);
        opened.push(await from.consume({ topic, group: `sdp-${topic}`, handler }));
      }
      const sent = Array.from({ length: 60 }, (_, id) => ({
        ...{ key: `key-${id % 12}`, value, headers: { id: String(id), 'with-ümlaut': '日本' } },
      }));
      for (let from = 0; from < 60; from += 20) await sender.publish(topic, sent.slice(from, from + 20));
      await eventually('all arrive', () => messages.flat().length >= 60);
      const ids = messages.flat().map(({ headers }) => Number(headers['id']));
      assertNoDuplicateIds(ids);
      assertContiguousIds(ids, 60);
      for (const all of messages) {
        for (const key of new Set(all.map((message) => message.key))) {
          const ofKey = all.filter((message) => message.key === key).map(({ headers }) => Number(headers['id']));
          expect(ofKey).toEqual(ofKey.toSorted((a, b) => a - b));
        }
      }
      expect(Buffer.compare(messages.flat()[0]?.value ?? new Uint8Array(), value)).toBe(0);
      expect(messages.flat()[0]?.headers['with-ümlaut']).toBe('日本');
    });

    it('keeps offsets, lag, dead letters and replays', async () => {
      const topic = await freshTopic(1);
      const at = bus();
      const start = new Date();
      const publish = (id: number) => at.publish(topic, [{ key: 'k', value: Buffer.from(String(id)) }]);
      await publish(0);
      await publish(1);
      const handled: string[] = [];
      const group = `sdp-${topic}`;
      const consume = () =>
        at.consume({
          ...{ topic, group },
          handler: async ({ message }) => {
            const text = Buffer.from(message.value).toString();
            if (text === '1') throw new PoisonError('message-invalid');
            handled.push(text);
          },
        });
      const letters: BusMessage[] = [];
      const first = await consume();
      const handler = async ({ message }: { message: BusMessage }) => void letters.push(message);
      opened.push(await at.consume({ topic: `${topic}.dlq`, group: `sdp-${randomUUID()}`, handler }));
      await eventually('one is handled and one buried', () => handled.length === 1 && letters.length === 1);
      expect(letters[0]?.headers['x-sdp-dead-letter-code']).toBe('message-invalid');
      await eventually('nothing is left', async () => (await at.lag(topic, group))[0]?.lag === 0n);
      await first.close();
      await publish(2);
      expect((await at.lag(topic, group))[0]?.lag).toBe(1n);
      await at.replayFrom(topic, group, start);
      const second = await consume();
      await eventually('it is handled again', () => handled.length === 3);
      await second.close();
      expect(handled).toEqual(['0', '0', '2']);
    });

    it('holds to its access rules', async () => {
      const topic = await freshTopic(1);
      const payments = open(addressOf(listener, 'payments'));
      const handler = async () => undefined;
      await expect(payments.publish(topic, [{ key: 'k', value: Buffer.from('x') }])).rejects.toMatchObject({
        code: 'topic-forbidden',
      });
      await expect(payments.consume({ topic, group: 'sdp-taken', handler })).rejects.toMatchObject({
        code: 'topic-forbidden',
      });
      await expect(payments.ensureTopic(`secured.${randomUUID()}`, 1)).rejects.toMatchObject({
        code: 'topic-forbidden',
      });
      await expect(payments.ensureTopic(`other.${randomUUID()}`, 1)).rejects.toMatchObject({ code: 'topic-forbidden' });
      // What it may do, it can.
      const seen: string[] = [];
      opened.push(
        await payments.consume({
          ...{ topic, group: `payments-${topic}` },
          handler: async ({ message }) => void seen.push(Buffer.from(message.value).toString()),
        }),
      );
      await bus().publish(topic, [{ key: 'k', value: Buffer.from('theirs') }]);
      await eventually('it reads', () => seen.length === 1);
      expect(seen).toEqual(['theirs']);
    });
  });

  it('lets a stage hand on what it read in transactions of its own name', async () => {
    const [from, to] = [await freshTopic(2), await freshTopic(2)];
    const address = addressOf('client certificates', 'sdp-server');
    const bus = openBus({ ...address, transactions: true, compression: 'lz4' });
    opened.push(bus);
    const stage = await bus.runStage({
      ...{ topic: from, group: `sdp-${from}` },
      handler: async ({ messages }) => ({ outputs: [{ topic: to, messages }] }),
    });
    opened.push(stage);
    const arrived: string[] = [];
    const handler = async ({ message }: { message: BusMessage }) => void arrived.push(message.key);
    opened.push(await bus.consume({ topic: to, group: `sdp-${to}`, handler }));
    const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`);
    await bus.publish(
      from,
      keys.map((key) => ({ key, value: Buffer.from('x') })),
    );
    await eventually('all are handed on', () => arrived.length >= keys.length);
    expect(arrived.toSorted()).toEqual(keys.toSorted());
  });

  it('takes messages however they are compressed, and stores them so', async () => {
    const address = addressOf('SASL/SCRAM-SHA-512 over TLS', 'sdp-server');
    const topic = await freshTopic(1);
    const running = await runningConsumer(open(address), topic, { group: `sdp-${topic}` });
    opened.push(running.consumer);
    const { tls, sasl } = addressOf('SASL/SCRAM-SHA-512 over TLS', 'admin');
    const sizes = new Admin({ clientId: 'sizes', bootstrapBrokers: [secured.saslBroker], tls, sasl } as never);
    opened.push(sizes);
    const sizeOf = async (name: string) => {
      const [broker] = await sizes.describeLogDirs({ topics: [{ name, partitions: [0] }] });
      return Number(broker?.results[0]?.topics[0]?.partitions[0]?.partitionSize ?? -1n);
    };
    for (const [n, compression] of (['none', 'lz4', 'zstd', 'gzip', 'snappy'] as const).entries()) {
      const bus = open({ ...address, compression });
      const producer = await connectedProducer(bus);
      await producer.sendMessage(topic, { key: 'k', contract: countedContract, payload: { n } });
      const own = await freshTopic(1);
      await bus.publish(own, [{ key: 'k', value: Buffer.alloc(100_000, 'compressible ') }]);
      const size = await sizeOf(own);
      expect(size > 0 && size < 50_000, `${compression}: ${size} bytes`).toBe(compression !== 'none');
    }
    await eventually('all are handled', () => running.handled.length === 5);
    expect(running.handled.map(({ payload }) => payload.n)).toEqual([0, 1, 2, 3, 4]);
    expect(running.letters).toEqual([]);
  });

  it('refuses whoever comes in another way, with an error that says why and holds no secret', async () => {
    const foreign = makeAuthority(scratch, 'foreign');
    const stranger = makeCertificate(scratch, 'sdp-server', foreign);
    const pem = (files: { cert: string; key: string }) => ({
      cert: readFileSync(files.cert, 'utf8'),
      key: readFileSync(files.key, 'utf8'),
    });
    const { saslBroker, mtlsBroker, ca } = secured;
    const sasl = credentials('sdp-server');
    const tls = { ca };
    const byAddress = saslBroker.replace('localhost', '127.0.0.1');
    const wrong: Record<string, [expected: string, address: Omit<BusAddress & { kind: 'kafka' }, 'kind'>]> = {
      'a wrong password': [
        'bus-credentials-refused The broker refuses the user',
        { brokers: [saslBroker], tls, sasl: { ...sasl, password: 'not-the-password' } },
      ],
      'an unknown user': [
        'bus-credentials-refused The broker refuses the user',
        { brokers: [saslBroker], tls, sasl: { ...sasl, username: 'nobody' } },
      ],
      'an authority that is not the broker’s': [
        'bus-tls-failed The broker’s certificate is not from an authority',
        { brokers: [saslBroker], tls: { ca: readFileSync(foreign.cert, 'utf8') }, sasl },
      ],
      'the system’s authorities': [
        'bus-tls-failed The broker’s certificate is not from an authority',
        { brokers: [saslBroker], tls: {}, sasl },
      ],
      'another host name': [
        'bus-tls-failed The broker’s certificate is for another host name',
        { brokers: [byAddress], tls, sasl },
      ],
      'no client certificate': [
        'bus-tls-failed The broker does not take the client certificate',
        { brokers: [mtlsBroker], tls },
      ],
      'a client certificate of a stranger': [
        'bus-tls-failed The broker does not take the client certificate',
        { brokers: [mtlsBroker], tls: { ca, ...pem(stranger) } },
      ],
      'a password instead of a certificate': [
        'bus-tls-failed The broker does not take the client certificate',
        { brokers: [mtlsBroker], tls, sasl },
      ],
      'plain text': ['bus-tls-failed The broker answers only to TLS', { brokers: [saslBroker] }],
      'plain text and a password': ['bus-tls-failed The broker answers only to TLS', { brokers: [saslBroker], sasl }],
      'plain text where a certificate is asked for': [
        'bus-tls-failed The broker answers only to TLS',
        { brokers: [mtlsBroker] },
      ],
      'TLS to a port that speaks none': ['bus-tls-failed The broker does not answer with TLS', { brokers: plain, tls }],
      'TLS without a user': ['bus-unavailable', { brokers: [saslBroker], tls }],
    };
    const secrets = [sasl.password, 'not-the-password', pem(stranger).key.slice(40, 80)];
    const attempts = Object.entries(wrong).map(async ([name, [expected, address]]) => {
      const error = await open({ kind: 'kafka', ...address })
        .check()
        .then(
          () => new Error(`${name} was let in`),
          (reason: unknown) => reason,
        );
      if (!(error instanceof SdpError)) throw error;
      expect(`${error.code} ${error.message}`, name).toContain(expected);
      const everything = JSON.stringify([error.message, error.remedy, error.stack, error.details, String(error.cause)]);
      for (const secret of secrets) expect(everything, name).not.toContain(secret);
    });
    await Promise.all(attempts);
  });

  it('shows and changes topics for an administrator only, and says what is missing', async () => {
    const specs = [
      { topic: `secured.${randomUUID()}`, partitions: 1, retentionDays: 7, cleanup: 'delete', compression: 'producer' },
    ] as const;
    const adminOf = (user: SecuredUser) => {
      const { brokers, tls, sasl } = addressOf('SASL/SCRAM-SHA-512 over TLS', user);
      const topics = new KafkaTopicAdmin({
        ...{ brokers, clientId: 'sdp-test', logger: pino({ level: 'silent' }) },
        ...(tls !== undefined && { tls }),
        ...(sasl !== undefined && { sasl }),
      });
      opened.push(topics);
      return topics;
    };
    const refused = { code: 'topic-forbidden', remedy: expect.stringContaining('DESCRIBE_CONFIGS') };
    await expect(applyTopics(adminOf('sdp-server'), specs, { addPartitions: false })).rejects.toMatchObject(refused);
    expect((await applyTopics(adminOf('admin'), specs, { addPartitions: false })).left).toEqual([]);
    await expect(findTopicDrift(adminOf('sdp-server'), specs)).rejects.toMatchObject(refused);
  });

  it('is where a server finds all by its variables, and makes topics as their file says', async () => {
    const file = join(scratch, 'topics.yml');
    const shipped = readFileSync(new URL('../../../configs/topics.yml', import.meta.url), 'utf8');
    writeFileSync(file, shipped.replace('retention_days: 7', 'retention_days: 3'));
    const database = await startTestDatabase();
    const { settings } = loadSettings({
      ...{ DB_DSN: database.dsn, SDP_CRYPTO_KEY: generateMasterKeyText(), SDP_TOPICS_FILE: file },
      ...{ KAFKA_BROKERS: secured.mtlsBroker, KAFKA_SSL_CA: join(secured.dir, 'ca.pem'), KAFKA_REPLICAS: '1' },
      ...{ KAFKA_SSL_CERT: join(secured.dir, 'admin.pem'), KAFKA_SSL_KEY: join(secured.dir, 'admin.key') },
    });
    const logger = createLogger({ level: 'silent' });
    const platform = await openPlatform(settings, logger, 'own');
    const topics = new KafkaTopicAdmin({ ...(settings.kafka as NonNullable<typeof settings.kafka>), logger });
    try {
      for (const { check } of platform.dependencies) await check();
      const names = ['transaction.ingest', 'transaction.ingest.dlq'];
      const made = await topics.describe(names, ['retention.ms', 'max.message.bytes']);
      expect(made.get('transaction.ingest')).toMatchObject({
        partitions: 6,
        settings: { 'retention.ms': '259200000' },
      });
      expect(made.get('transaction.ingest.dlq')).toEqual({
        ...{ partitions: 1, replication: 1 },
        settings: { 'retention.ms': '259200000', 'max.message.bytes': '2097176' },
      });
    } finally {
      await topics.close();
      await platform.close();
      await database.stop();
    }
  });

  it('is verified also where the environment would have it otherwise', async () => {
    const foreign = makeAuthority(scratch, 'other');
    const ca = readFileSync(foreign.cert, 'utf8');
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const bus = open({ kind: 'kafka', brokers: [secured.saslBroker], tls: { ca }, sasl: credentials('sdp-server') });
      await expect(bus.check()).rejects.toMatchObject({ code: 'bus-tls-failed' });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  });
});
