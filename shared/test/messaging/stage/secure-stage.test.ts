import { UnavailableError } from '@sdp/shared/errors';
import {
  AccessRules,
  type BusMessage,
  ComplianceManager,
  type MessageAuditEvent,
  type OutgoingMessage,
  SecureStage,
  SecurityManager,
} from '@sdp/shared/messaging';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { partitionOf } from '../../../../server/src/bus/partitioner.ts';
import { eventually } from '../../../../server/test/bus/eventually.ts';
import { MemoryBus } from '../../../../test/support/memory-bus.ts';
import { passOn, runningStage } from '../support/running-stage.ts';
import { connectedProducer, countedContract, runningConsumer, sampleRing } from '../support/secure-pair.ts';

const topic = 'payment.made';
const next = 'payment.next';
let bus: MemoryBus;
let opened: SecureStage[] = [];

beforeEach(async () => {
  bus = new MemoryBus();
  await bus.ensureTopic(topic, 2);
  await bus.ensureTopic(next, 2);
});
afterEach(async () => {
  for (const stage of opened) await stage.close();
  opened = [];
  await bus.close();
});

const event = (n: number, key = 'k') => ({
  key,
  contract: countedContract,
  payload: { n },
  eventId: `event-${n}`,
});
const run = async (more?: Parameters<typeof runningStage>[2]) => {
  const running = await runningStage(bus, topic, {
    ...more,
    plan: { handle: async (messages) => passOn(next)(messages), ...more?.plan },
  });
  opened.push(running.stage);
  return running;
};
const sent = () => bus.messages(next).flat();
const only = (): OutgoingMessage => {
  const { key, value, headers } = bus
    .messages(topic)
    .flat()
    .find((message) => message.key === 'k') as BusMessage;
  return { key, value, headers };
};

test('a batch that could not be stored is handled again and stored once', async () => {
  await (await connectedProducer(bus)).sendBatch(topic, [event(0), event(1)]);
  let failures = 0;
  bus.storeFails = () => (failures++ < 2 ? new UnavailableError('bus-unavailable') : undefined);
  const running = await run();
  await eventually('it is stored', () => sent().length > 0);
  expect(sent().map(({ headers }) => headers['x-sdp-event-id'])).toEqual(['event-0:next', 'event-1:next']);
  expect(running.counts.get('repeated')).toBeUndefined();
  expect(running.letters).toEqual([]);
});

test('a batch whose audit lines cannot be written is not settled', async () => {
  await (await connectedProducer(bus)).sendBatch(topic, [event(0), event(1)]);
  const lines: MessageAuditEvent[] = [];
  let failures = 0;
  const recordAll = (events: readonly MessageAuditEvent[]) => {
    if (failures++ < 2) throw new Error('full');
    lines.push(...events);
  };
  await run({ options: { audit: { record: () => undefined, recordAll } } });
  await eventually('it is stored', () => sent().length === 2);
  expect(failures).toBe(3);
  expect(lines.map(({ action }) => action)).toEqual(['received', 'received', 'sent', 'sent']);
});

test('a copy in another partition has no effect either', async () => {
  await (await connectedProducer(bus)).sendMessage(topic, event(0));
  const running = await run();
  await eventually('it is handled', () => sent().length === 1);
  for (const partition of [0, 1]) bus.append(topic, only(), partition);
  await eventually('both are noticed', () => running.counts.get('repeated') === 2);
  expect(sent()).toHaveLength(1);
});

test('what lies in a partition that its key does not lead to is refused, where that can be told', async () => {
  await (await connectedProducer(bus)).sendBatch(topic, [event(0), event(1, 'another')]);
  const own = bus.messages(topic).findIndex((messages) => messages.some(({ key }) => key === 'k'));
  bus.append(topic, only(), 1 - own);
  const running = await run({ options: { partitionOf } });
  await eventually('the copy is refused', () => running.letters.length === 1);
  expect(running.letters).toEqual(['message-misplaced']);
  expect(running.handled().toSorted()).toEqual([0, 1]);
  const consumer = await runningConsumer(bus, topic, { partitionOf });
  await eventually('by a consumer, too', () => consumer.letters.length === 1 && consumer.handled.length === 2);
  expect(consumer.letters).toEqual(['message-misplaced']);
});

test.each(['consumer', 'stage'])(
  'a %s remembers an event that was sent anew as long as that may be copied',
  async (kind) => {
    let now = new Date('2026-01-01T12:00:00Z').getTime();
    bus.now = () => new Date(now);
    const security = new SecurityManager({ keys: sampleRing(), now: () => new Date(now) });
    const producer = await connectedProducer(bus, { security });
    const running =
      kind === 'stage' ? await run({ options: { security } }) : await runningConsumer(bus, topic, { security });
    const counted = (what: string, times: number) =>
      eventually(`${what} ${times}`, () => running.counts.get(what) === times);
    await producer.sendMessage(topic, event(0));
    await counted('received', 1);
    now += 280_000;
    await producer.sendMessage(topic, event(0));
    await counted('repeated', 1);
    const { key, value, headers } = bus.messages(topic).flat().at(-1) as BusMessage;
    now += 280_000;
    // What comes later makes room.
    await producer.sendMessage(topic, event(1));
    await counted('received', 2);
    bus.append(topic, { key, value, headers });
    await counted('repeated', 2);
    expect(running.counts.get('received')).toBe(2);
    if ('consumer' in running) await running.consumer.close();
  },
);

test('any one bit changed has a message refused', async () => {
  await (await connectedProducer(bus)).sendMessage(topic, event(0));
  const { key, value, headers } = only();
  for (let at = 0; at < value.length; at++) {
    const changed = Buffer.from(value);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    bus.append(topic, { key, value: changed, ...(headers && { headers }) });
  }
  const running = await run();
  await eventually('all are refused', () => running.letters.length === value.length);
  expect(running.handled()).toEqual([0]);
});

test('repeats are delivered, marked, where the plan has it so; other content under their id is not', async () => {
  const producer = await connectedProducer(bus);
  await producer.sendBatch(topic, [event(0), event(0), { ...event(0), payload: { n: 9 } }]);
  const running = await run({ plan: { repeats: 'deliver' } });
  await eventually('all are settled', () => running.letters.length === 1);
  await producer.sendMessage(topic, event(0));
  await eventually('the last one came', () => running.handled().length === 3);
  expect(running.batches.flat().map(({ isRepeat }) => isRepeat)).toEqual([false, true, true]);
  expect(running.letters).toEqual(['message-id-reused']);
});

test.each([
  ['too long before', 300_001],
  ['in the future', -60_001],
])('what was sealed %s is stale', async (_, ms) => {
  const now = new Date('2026-01-01T12:00:00Z');
  bus.now = () => now;
  const security = new SecurityManager({ keys: sampleRing(), now: () => new Date(now.getTime() - ms) });
  await (await connectedProducer(bus, { security })).sendMessage(topic, event(0));
  const running = await run();
  await eventually('it is refused', () => running.letters.length === 1);
  expect(running.letters).toEqual(['message-stale']);
});

test('forgets no event within its horizon when it starts anew, however many there were since', async () => {
  let now = new Date('2026-01-01T12:00:00Z').getTime();
  bus.now = () => new Date(now);
  const security = new SecurityManager({ keys: sampleRing(), now: () => new Date(now) });
  const producer = await connectedProducer(bus, { security });
  await producer.sendBatch(
    topic,
    Array.from({ length: 1_500 }, (_, n) => event(10 + n)),
  );
  now += 200_000;
  await producer.sendMessage(topic, event(0));
  const message = bus.messages(topic).flat().at(-1) as BusMessage;
  now += 100_000;
  await producer.sendBatch(
    topic,
    Array.from({ length: 3_000 }, (_, n) => event(5_000 + n)),
  );
  const first = await run({ options: { security } });
  await eventually('all are settled', () => first.handled().length === 4_501);
  await first.stage.close();
  const second = await run({ options: { security } });
  bus.append(topic, { key: message.key, value: message.value, headers: message.headers });
  await eventually('it is noticed', () => second.counts.get('repeated') === 1);
  expect(second.handled()).toEqual([]);
});

test('holds itself and senders to access rules and policies, those of events that it sends too', async () => {
  const policies = (fields: Record<string, string>) =>
    new ComplianceManager([
      { topic, data_class: 'internal' },
      { topic: next, data_class: 'internal', fields },
    ]);
  await (await connectedProducer(bus)).sendBatch(topic, [event(0)]);
  const broken = await run({ options: { compliance: policies({ n: 'token' }) } });
  await eventually('it is given up', () => broken.letters.length === 1);
  expect(broken.letters).toEqual(['policy-violated']);
  await broken.stage.close();

  const readOnly = new AccessRules([{ role: 'us', topics: ['payment.*'], allow: ['READ'] }]);
  const foreign = await runningStage(bus, topic, { options: { group: 'other', access: readOnly } });
  opened.push(foreign.stage);
  await eventually('who may not write there is refused', () => foreign.letters.length === 1);
  expect(foreign.letters).toEqual(['topic-forbidden']);

  const stage = new SecureStage({
    bus,
    group: 'g',
    security: new SecurityManager({ keys: sampleRing() }),
    access: new AccessRules([{ role: 'us', topics: ['elsewhere'], allow: ['READ'] }]),
  });
  const plan = { topic, contracts: [countedContract], handle: async () => ({}) };
  await expect(stage.run(plan)).rejects.toMatchObject({ code: 'topic-forbidden' });
});

test('where it may not write what follows, it waits and loses nothing', async () => {
  await (await connectedProducer(bus)).sendBatch(topic, [event(0)]);
  const access = new AccessRules([{ role: 'us', topics: [topic], allow: ['READ', 'WRITE'] }]);
  const running = await run({ options: { access } });
  await eventually('it says so', () => running.stage.health().status === 'degraded');
  expect(running.letters).toEqual([]);
  expect((await bus.lag(topic, `stage.${topic}`)).reduce((sum, { lag }) => sum + lag, 0n)).toBe(1n);
});

test('sends nothing that the bus would not take', async () => {
  await (await connectedProducer(bus)).sendBatch(topic, [event(0), event(1)]);
  const running = await run({
    options: { maxEventBytes: 100 },
    plan: {
      handle: async (messages) =>
        passOn(next)(
          messages.map((message) => ({
            ...message,
            payload: { n: message.payload.n, ...(message.payload.n === 0 && { note: 'x'.repeat(100) }) },
          })),
        ),
    },
  });
  await eventually('one is given up', () => running.letters.length === 1);
  await eventually('the other goes on', () => sent().length === 1);
  expect(running.letters).toEqual(['payload-too-large']);
});

test('is started anew when it stops silently', async () => {
  bus.isDeaf = true;
  const running = await run({ options: { watchdog: { intervalMs: 5, looks: 3 } } });
  let stalls = 0;
  running.stage.on('stalled', () => {
    stalls++;
    bus.isDeaf = false;
  });
  await (await connectedProducer(bus)).sendMessage(topic, event(0));
  await eventually('it works again', () => running.handled().length === 1);
  expect(stalls).toBeGreaterThan(0);
  expect(running.counts.get('stalled')).toBe(stalls);
  await eventually('it is well again', () => running.stage.health().status === 'ok');
  await running.stage.close();
  expect(running.stage.health().status).toBe('closed');
});

test('takes a topic once, with a contract', async () => {
  const { stage } = await run();
  const plan = { topic, contracts: [countedContract], handle: async () => ({}) };
  await expect(stage.run(plan)).rejects.toMatchObject({ code: 'config-invalid' });
  await expect(stage.run({ ...plan, topic: next, contracts: [] })).rejects.toMatchObject({ code: 'config-invalid' });
});
