import { generateKey } from '@sdp/shared/crypto';
import {
  type BusMessage,
  ComplianceManager,
  KeyRing,
  type OutgoingMessage,
  PoisonError,
  resealDeadLetter,
  SecureConsumer,
  SecurityManager,
} from '@sdp/shared/messaging';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { eventually } from '../../../../server/test/bus/eventually.ts';
import { MemoryBus } from '../../../../test/support/memory-bus.ts';
import { MemoryAppliedEvents, MemoryTransaction } from '../support/memory-applied-events.ts';
import {
  connectedProducer,
  countedContract,
  encryptionKey,
  runningConsumer,
  sampleRing,
  signingKey,
} from '../support/secure-pair.ts';

const topic = 'payment.made';
const minute = 60_000;
let bus: MemoryBus;

beforeEach(async () => {
  bus = new MemoryBus();
  await bus.ensureTopic(topic, 2);
});
afterEach(() => bus.close());

const event = (n: number, more: { eventId?: string; tenant?: string } = {}) => ({
  key: 'k',
  contract: countedContract,
  payload: { n },
  ...more,
});
const only = (): OutgoingMessage => {
  const [{ key, value, headers }] = bus.messages(topic).flat() as unknown as [BusMessage];
  return { key, value, ...(headers && { headers }) };
};
const at = (date: Date) => new SecurityManager({ keys: sampleRing(), now: () => date });

describe('freshness', () => {
  const logTime = new Date('2026-01-01T12:00:00Z');
  const sealedBefore = async (ms: number) => {
    bus.now = () => logTime;
    const security = at(new Date(logTime.getTime() - ms));
    await (await connectedProducer(bus, { security })).sendMessage(topic, event(0));
  };

  test.each([
    ['just now', 0],
    ['almost five minutes before', 5 * minute],
    ['a little after, by a clock that is ahead', -minute],
  ])('a message sealed %s is taken, however late it is read', async (_, ms) => {
    await sealedBefore(ms);
    const running = await runningConsumer(bus, topic);
    await eventually('it is handled', () => running.handled.length === 1);
  });

  test.each([
    ['too long before', 5 * minute + 1],
    ['in the future', -minute - 1],
  ])('a message sealed %s is refused', async (_, ms) => {
    await sealedBefore(ms);
    const running = await runningConsumer(bus, topic);
    await eventually('it is refused', () => running.letters.length === 1);
    expect(running.letters).toEqual(['message-stale']);
    expect(running.handled).toEqual([]);
  });

  test('an operator’s replay of a stale message is taken', async () => {
    await sealedBefore(60 * minute);
    const running = await runningConsumer(bus, topic);
    await eventually('it is refused', () => bus.letters(topic).length === 1);
    const [letter] = bus.letters(topic);
    const { message, replayOf } = await resealDeadLetter(at(logTime), letter as never);
    await bus.publish(topic, [message]);
    await eventually('it is handled', () => running.handled.length === 1);
    expect(running.handled[0]).toMatchObject({ replayOf, payload: { n: 0 } });
    // The replay itself can't be kept and repeated later.
    bus.now = () => new Date(logTime.getTime() + 10 * minute);
    const other = await runningConsumer(bus, topic, { group: 'without-memory', consume: { from: 'earliest' } });
    await eventually('all is read', () => other.letters.length === 1 && other.handled.length === 1);
    await bus.publish(topic, [message]);
    await eventually('the copy is refused', () => other.letters.length === 2);
    expect(other.letters).toEqual(['message-stale', 'message-stale']);
  });
});

describe('a copy of a message', () => {
  test('has no effect in another partition either, and is a dead letter where that is asked for', async () => {
    await (await connectedProducer(bus)).sendMessage(topic, event(0));
    const message = only();
    const running = await runningConsumer(bus, topic, { copies: 'dead-letter' });
    await eventually('it is handled', () => running.handled.length === 1);
    for (const partition of [0, 1]) bus.append(topic, message, partition);
    await eventually('both copies are refused', () => running.letters.length === 2);
    expect(running.letters).toEqual(['message-replayed', 'message-replayed']);
    expect(running.handled).toHaveLength(1);
  });

  test('waits for the original while that is being handled, wherever it lies', async () => {
    await (await connectedProducer(bus)).sendMessage(topic, event(0));
    const message = only();
    const release = Promise.withResolvers<void>();
    let begun = 0;
    const running = await runningConsumer(bus, topic, {
      handler: async () => {
        begun++;
        await release.promise;
      },
    });
    for (const partition of [0, 1, 0, 1]) bus.append(topic, message, partition);
    await eventually('one has begun', () => begun > 0);
    for (let i = 0; i < 50; i++) await new Promise((done) => setImmediate(done));
    release.resolve();
    await eventually('the copies are noticed', () => running.counts.get('repeated') === 4);
    expect(begun).toBe(1);
    expect(running.handled).toHaveLength(1);
  });

  test('has no effect after a restart where applied events are stored, by a settling handler and by one that doesn’t', async () => {
    const applied = new MemoryAppliedEvents();
    const producer = await connectedProducer(bus);
    await producer.sendBatch(topic, [event(0, { eventId: 'a' }), event(1, { eventId: 'b' })]);
    const first = await runningConsumer(bus, topic, {
      applied,
      handler: async ({ payload, settleIn }) => {
        if (payload.n === 1) return;
        const transaction = new MemoryTransaction();
        await settleIn(transaction);
        applied.commit(transaction);
      },
    });
    await eventually('both are handled', () => first.handled.length === 2);
    await first.consumer.close();
    await bus.replayFrom(topic, `group.${topic}`, new Date(0));
    const second = await runningConsumer(bus, topic, { applied });
    await producer.sendMessage(topic, event(9, { eventId: 'a' }));
    await producer.sendMessage(topic, event(2));
    await eventually('the new one is handled', () => second.handled.length > 0);
    await eventually('the copies are noticed', () => second.counts.get('repeated') === 2);
    expect(second.handled.map(({ payload }) => payload.n)).toEqual([2]);
    expect(second.letters).toEqual(['message-id-reused']);
  });

  test('that another process applied meanwhile rolls the handler’s transaction back', async () => {
    const applied = new MemoryAppliedEvents();
    let committed = 0;
    await (await connectedProducer(bus)).sendMessage(topic, event(0, { eventId: 'a' }));
    const running = await runningConsumer(bus, topic, {
      applied,
      handler: async (message) => {
        // The other one is faster.
        applied.digests.set(`group.${topic} ${topic} acme a`, 'of other content');
        await message.settleIn(new MemoryTransaction());
        committed++;
      },
    });
    await eventually('it is noticed', () => running.letters.length === 1);
    expect(running.letters).toEqual(['message-id-reused']);
    expect(committed).toBe(0);
    expect(running.handled).toEqual([]);
  });

  test('is a copy also when the handler failed the first time', async () => {
    let failures = 0;
    await (await connectedProducer(bus)).sendMessage(topic, event(0));
    const running = await runningConsumer(bus, topic, {
      handler: async () => {
        if (failures++ < 2) throw new Error('not yet');
      },
    });
    await eventually('it is handled', () => running.handled.length === 1);
    expect(running.counts.get('retried')).toBe(2);
    bus.append(topic, only());
    await eventually('the copy is noticed', () => running.counts.get('repeated') === 1);
    expect(running.handled).toHaveLength(1);
  });
});

describe('an event id', () => {
  test('is a tenant’s own', async () => {
    const producer = await connectedProducer(bus);
    await producer.sendMessage(topic, event(0, { eventId: 'a', tenant: 'other' }));
    await producer.sendMessage(topic, event(1, { eventId: 'a' }));
    const running = await runningConsumer(bus, topic);
    await eventually('both are handled', () => running.handled.length === 2);
    expect(running.letters).toEqual([]);
  });
});

describe('what a consumer takes', () => {
  test('is of its tenants', async () => {
    const producer = await connectedProducer(bus);
    await producer.sendBatch(topic, [event(0, { tenant: 'other' }), event(1)]);
    const running = await runningConsumer(bus, topic, { tenants: ['acme'] });
    await eventually('one is handled', () => running.handled.length === 1);
    expect(running.letters).toEqual(['policy-violated']);
    expect(running.handled[0]?.payload.n).toBe(1);
  });

  test('is of its contracts, in versions up to its own', async () => {
    const next = {
      ...countedContract,
      version: 2,
      schema: z.strictObject({ n: z.int(), unit: z.string().default('EUR') }),
    };
    const other = { ...countedContract, name: 'other' };
    const producer = await connectedProducer(bus);
    await producer.sendMessage(topic, event(0));
    await producer.sendMessage(topic, { ...event(1), contract: { ...next, version: 3 } });
    await producer.sendMessage(topic, { ...event(2), contract: other });
    await producer.sendMessage(topic, {
      ...event(3),
      contract: { ...countedContract, schema: z.object({ n: z.number(), x: z.any() }) },
      payload: { n: 1.5, x: 'a value' },
    });
    const running = await runningConsumer(bus, topic, { subscription: { contracts: [countedContract, next] } });
    await eventually('three are refused', () => running.letters.length === 3);
    expect(running.letters).toEqual(['message-invalid', 'message-invalid', 'message-invalid']);
    expect(running.handled.map(({ payload }) => payload)).toEqual([{ n: 0, unit: 'EUR' }]);
  });

  test('keeps its topic’s policy, also where the sender doesn’t', async () => {
    const compliance = new ComplianceManager([
      { topic: 'payment.*', data_class: 'restricted', signatures: ['hmac-sha256'], fields: { note: 'token' } },
    ]);
    const producer = await connectedProducer(bus);
    await producer.sendMessage(topic, { ...event(0), payload: { n: 0, note: `tok_${'0'.repeat(32)}` } });
    await producer.sendMessage(topic, { ...event(1), payload: { n: 1, note: 'Ada Lovelace' } });
    const running = await runningConsumer(bus, topic, { compliance });
    await eventually('one is refused', () => running.letters.length === 1);
    expect(running.letters).toEqual(['policy-violated']);
    await eventually('one is handled', () => running.handled.length === 1);
    const elsewhere = new SecureConsumer({ bus, group: 'g', security: at(new Date()), compliance });
    expect(() => elsewhere.subscribe({ topic: 'unknown', contracts: [countedContract] })).toThrow(/policy/);
  });

  test('may be sealed with the old key or the new one, side by side', async () => {
    const old = await connectedProducer(bus);
    const ring = sampleRing();
    ring.rotateEncryption({ id: 'e2', key: generateKey() });
    ring.rotateSigning({ id: 's2', secret: generateKey() });
    const fresh = await connectedProducer(bus, { security: new SecurityManager({ keys: ring }) });
    for (let n = 0; n < 10; n++) await (n % 2 === 0 ? old : fresh).sendMessage(topic, event(n));
    const running = await runningConsumer(bus, topic, { security: new SecurityManager({ keys: ring }) });
    await eventually('all are handled', () => running.handled.length === 10);
    expect(running.handled.map(({ payload }) => payload.n)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(new Set(running.audit.map(({ keyId }) => keyId))).toEqual(new Set(['e1', 'e2']));
  });

  test('is not signed with a retired key', async () => {
    await (await connectedProducer(bus)).sendMessage(topic, event(0));
    const keys = new KeyRing({
      party: 'us',
      encryption: [{ id: 'e1', key: encryptionKey, state: 'readable' }],
      signing: [{ id: 's1', secret: signingKey, state: 'retired' }],
    });
    const running = await runningConsumer(bus, topic, { security: new SecurityManager({ keys }) });
    await eventually('it is refused', () => running.letters.length === 1);
    expect(running.letters).toEqual(['message-key-unknown']);
  });
});

describe('a consumer', () => {
  test('stores no digests that nobody can compare', () => {
    const keys = new KeyRing({ party: 'us', encryption: [{ id: 'e1', key: encryptionKey, state: 'readable' }] });
    const options = { bus, group: 'g', security: new SecurityManager({ keys }), applied: new MemoryAppliedEvents() };
    expect(() => new SecureConsumer(options)).toThrow(/digest key/);
  });

  test('tells a handler’s poison from a refusal', async () => {
    await (await connectedProducer(bus)).sendMessage(topic, event(0, { eventId: 'a' }));
    const running = await runningConsumer(bus, topic, {
      handler: async () => {
        throw new PoisonError('batch-unprocessable');
      },
    });
    await eventually('it is a dead letter', () => running.letters.length === 1);
    const [line] = running.audit;
    expect(line).toMatchObject({
      action: 'failed',
      code: 'batch-unprocessable',
      eventId: 'a',
      tenant: 'acme',
      party: 'us',
    });
    expect([...running.counts.keys()].filter((name) => name.startsWith('refused'))).toEqual([]);
  });

  test('is started anew when messages wait and nothing moves', async () => {
    bus.isDeaf = true;
    const running = await runningConsumer(bus, topic, { watchdog: { intervalMs: 10, looks: 3 } });
    const stalls: unknown[] = [];
    running.consumer.on('stalled', (where) => {
      stalls.push({ ...where, status: running.consumer.health().status });
      bus.isDeaf = false;
    });
    await new Promise((done) => setTimeout(done, 100));
    expect(stalls).toEqual([]);
    await (await connectedProducer(bus)).sendMessage(topic, event(0));
    await eventually('it is handled', () => running.handled.length === 1);
    expect(stalls).toEqual([{ topic, group: `group.${topic}`, status: 'stalled' }]);
    expect(bus.consumersStarted).toBe(2);
    expect(running.counts.get('stalled')).toBe(1);
    await eventually('the lag is known', () => running.consumer.health().lag[topic] === 0);
    expect(running.consumer.health()).toMatchObject({ status: 'ok', circuit: 'closed' });
    await running.consumer.close();
    expect(running.consumer.health().status).toBe('closed');
  });

  test('lets a handler that is at work be', async () => {
    const watchdog = { intervalMs: 5, looks: 2, longestHandlerMs: 60_000 };
    const release = Promise.withResolvers<void>();
    const running = await runningConsumer(bus, topic, { watchdog, handler: () => release.promise });
    await (await connectedProducer(bus)).sendMessage(topic, event(0));
    await eventually('the watchdog has looked often', () => (running.counts.get('lag') ?? 0) > 40);
    expect(bus.consumersStarted).toBe(1);
    release.resolve();
    await eventually('it is handled', () => running.handled.length === 1);
  });

  test('goes on when a listener fails', async () => {
    const running = await runningConsumer(bus, topic);
    running.consumer.on('deadLetter', () => {
      throw new Error('a listener’s own');
    });
    bus.append(topic, { key: 'k', value: Buffer.from('plain') });
    await (await connectedProducer(bus)).sendMessage(topic, event(0));
    await eventually('the next is handled', () => running.handled.length === 1);
    expect(bus.letters(topic)).toHaveLength(1);
  });

  test('writes no line about a message that shows its content or key', async () => {
    const running = await runningConsumer(bus, topic, {
      handler: async ({ payload }) => {
        if (payload.n === 1) throw new Error(`failed on ${payload.note}`);
      },
    });
    const producer = await connectedProducer(bus);
    const secrets = { key: 'secret-key', contract: countedContract };
    await producer.sendBatch(
      topic,
      [0, 1].map((n) => ({ ...secrets, payload: { n, note: 'secret-note' } })),
    );
    await eventually('both are through', () => running.letters.length === 1 && running.handled.length === 1);
    const lines = JSON.stringify(running.audit, (_, value) => (typeof value === 'bigint' ? String(value) : value));
    expect(lines).not.toContain('secret');
    expect(JSON.stringify(bus.letters(topic)[0]?.headers)).not.toContain('secret');
  });
});
