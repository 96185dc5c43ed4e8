import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { UnavailableError } from '@sdp/shared/errors';
import { ComplianceManager, KeyRing, SecureProducer, SecurityManager } from '@sdp/shared/messaging';
import { beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../../server/test/bus/eventually.ts';
import { MemoryBus } from '../../../../test/support/memory-bus.ts';
import { parseEnvelope } from '../../../src/messaging/envelope/index.ts';
import {
  connectedProducer,
  countedContract,
  encryptionKey,
  recording,
  runningConsumer,
  sampleRing,
} from '../support/secure-pair.ts';

const topic = 'payment.made';
const away = () => new UnavailableError('bus-unavailable');
const event = (n: number, note?: string) => ({
  key: `k${n}`,
  contract: countedContract,
  payload: { n, ...(note !== undefined && { note }) },
});
let bus: MemoryBus;

beforeEach(async () => {
  bus = new MemoryBus();
  await bus.ensureTopic(topic, 1);
});
const sent = () => bus.messages(topic).flat();

describe('a producer', () => {
  test('sends nothing before it is connected or after it is closed, and connects only with keys', async () => {
    const security = new SecurityManager({ keys: sampleRing() });
    const producer = new SecureProducer({ bus, security, tenant: 'acme' });
    await expect(producer.sendMessage(topic, event(0))).rejects.toMatchObject({ code: 'bus-unavailable' });
    await producer.connect();
    await producer.sendMessage(topic, event(0));
    await producer.close();
    await expect(producer.sendMessage(topic, event(0))).rejects.toMatchObject({ code: 'bus-unavailable' });
    expect(producer.health().status).toBe('closed');
    const reader = new KeyRing({ party: 'us', encryption: [{ id: 'e1', key: encryptionKey, state: 'readable' }] });
    await expect(connectedProducer(bus, { security: new SecurityManager({ keys: reader }) })).rejects.toMatchObject({
      code: 'message-key-missing',
    });
    expect(sent()).toHaveLength(1);
  });

  test('sends all of a batch or nothing, and says which fields are wrong without their values', async () => {
    const { counts, ports } = recording();
    const producer = await connectedProducer(bus, ports);
    const wrong = { ...event(1), payload: { n: 'secret', note: 1 } as never };
    const error = await producer.sendBatch(topic, [event(0), wrong, event(2)]).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'message-invalid',
      details: { findings: [{ field: 'n' }, { field: 'note' }] },
    });
    expect(inspect(error, { depth: 10 })).not.toContain('secret');
    expect(sent()).toEqual([]);
    expect(counts.get('sendFailed message-invalid')).toBe(1);
    await expect(producer.sendMessage(topic, { ...event(0), eventId: 'two words' })).rejects.toMatchObject({
      code: 'message-invalid',
    });
  });

  test('keeps the topic’s policy', async () => {
    const compliance = new ComplianceManager([{ topic, data_class: 'restricted', fields: { note: 'masked' } }]);
    const producer = await connectedProducer(bus, { compliance });
    const error = await producer.sendMessage(topic, event(0, '4111111111111111')).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'policy-violated', details: { findings: [{ field: 'note' }] } });
    expect(inspect(error, { depth: 10 })).not.toContain('4111');
    await producer.sendMessage(topic, event(0, '************1111'));
    await expect(producer.sendMessage('another', event(0))).rejects.toMatchObject({ code: 'policy-violated' });
    expect(sent()).toHaveLength(1);
  });

  test('signs a batch once under an Ed25519 key, and each message verifies alone', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const keys = new KeyRing({
      party: 'us',
      encryption: [{ id: 'e1', key: encryptionKey, state: 'active' }],
      signing: [{ id: 'ed', privateKey, state: 'active' }],
    });
    const producer = await connectedProducer(bus, { security: new SecurityManager({ keys }) });
    await producer.sendBatch(
      topic,
      [0, 1, 2, 3, 4].map((n) => event(n)),
    );
    await producer.sendMessage(topic, event(5));
    const envelopes = sent().map(({ value }) => parseEnvelope(value));
    expect(envelopes.map(({ signature }) => signature)).toEqual([...Array(5).fill('ed25519-merkle'), 'ed25519']);
    expect(
      new Set(envelopes.slice(0, 5).map(({ signatureBytes }) => Buffer.from(signatureBytes).toString('hex'))).size,
    ).toBe(1);
    // One lost, the others in another order.
    await bus.ensureTopic('elsewhere', 1);
    const reader = new KeyRing({
      party: 'them',
      encryption: [{ id: 'e1', key: encryptionKey, state: 'readable' }],
      others: [{ id: 'ed', party: 'us', publicKey, state: 'readable' }],
    });
    bus.messages(topic)[0]?.splice(2, 1);
    bus.messages(topic)[0]?.reverse();
    const running = await runningConsumer(bus, topic, { security: new SecurityManager({ keys: reader }) });
    await eventually('all are handled', () => running.handled.length === 5);
    expect(running.handled.map(({ payload }) => payload.n).toSorted()).toEqual([0, 1, 3, 4, 5]);
    await bus.close();
  });

  test('tries again while the bus is away, with the same bytes, and gives up in the end', async () => {
    let failures = 3;
    bus.publishFails = () => (failures-- > 0 ? away() : undefined);
    const publisher = { maxRetries: 4, initialDelayMs: 1, maxDelayMs: 2, breaker: { failures: 2, openMs: 60_000 } };
    const producer = await connectedProducer(bus, { publisher });
    await producer.sendMessage(topic, event(0));
    expect(sent()).toHaveLength(1);
    let attempts = 0;
    bus.publishFails = () => {
      attempts++;
      return away();
    };
    for (let n = 0; n < 2; n++) {
      await expect(producer.sendMessage(topic, event(n))).rejects.toMatchObject({ code: 'bus-unavailable' });
    }
    expect(attempts).toBe(10);
    expect(producer.health()).toMatchObject({ status: 'degraded', circuit: 'open' });
    // Open: the bus is spared.
    await expect(producer.sendMessage(topic, event(2))).rejects.toMatchObject({ code: 'bus-unavailable' });
    expect(attempts).toBe(10);
  });

  test('holds no more bytes than it may; who comes later waits, and is turned away in the end', async () => {
    const gate = Promise.withResolvers<void>();
    const publish = bus.publish.bind(bus);
    let underWay = 0;
    let most = 0;
    bus.publish = async (to, messages) => {
      underWay += messages.length;
      most = Math.max(most, underWay);
      await gate.promise;
      await publish(to, messages);
      underWay -= messages.length;
    };
    const producer = await connectedProducer(bus, { maxBytesInFlight: 40, maxWaitMs: 200 });
    const first = [0, 1, 2].map((n) => producer.sendMessage(topic, event(n, 'xx')));
    const [{ length: size }] = [JSON.stringify(event(0, 'xx').payload)];
    expect(Math.floor(40 / size)).toBe(2);
    await expect(Promise.race([producer.sendMessage(topic, event(3, 'xx')), first[2]])).rejects.toMatchObject({
      code: 'producer-busy',
    });
    expect(producer.health().bytesInFlight).toBe(2 * size);
    gate.resolve();
    await Promise.allSettled(first);
    await Promise.all([4, 5, 6, 7].map((n) => producer.sendMessage(topic, event(n, 'xx'))));
    expect(most).toBe(2);
    expect(producer.health().bytesInFlight).toBe(0);
    await expect(producer.sendMessage(topic, event(1, 'x'.repeat(50)))).rejects.toMatchObject({
      code: 'payload-too-large',
    });
  });

  test('waits for what is under way when it is closed, and writes a line for each event', async () => {
    const { audit, counts, ports } = recording();
    const producer = await connectedProducer(bus, ports);
    const sending = producer.sendBatch(topic, [{ ...event(0), eventId: 'a' }, event(1)]);
    await producer.close();
    expect(sent()).toHaveLength(2);
    await sending;
    expect(audit).toMatchObject([{ action: 'sent', topic, eventId: 'a', tenant: 'acme' }, { action: 'sent' }]);
    expect(counts.get('sent')).toBe(2);
  });
});
