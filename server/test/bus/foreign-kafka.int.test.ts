import { randomUUID } from 'node:crypto';
import { Producer } from '@platformatic/kafka';
import type { BusMessage, BusPort } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectedProducer,
  countedContract,
  type RunningConsumer,
  runningConsumer,
} from '../../../shared/test/messaging/support/secure-pair.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { openBus } from './bus-address.ts';
import { eventually } from './eventually.ts';

const kafka = await startTestKafka();

describe.skipIf('skipped' in kafka)('secured messages on a broker that is not ours alone', () => {
  const brokers = 'skipped' in kafka ? [] : [...kafka.brokers];
  const topic = `test.${randomUUID()}`;
  let bus: BusPort;
  let stranger: Producer<Buffer, Buffer, Buffer, Buffer>;
  let running: RunningConsumer;

  beforeAll(async () => {
    bus = openBus({ kind: 'kafka', brokers });
    stranger = new Producer({ clientId: 'stranger', bootstrapBrokers: brokers });
    await bus.ensureTopic(topic, 2);
    running = await runningConsumer(bus, topic);
  });
  afterAll(async () => {
    await running?.consumer.close();
    await stranger?.close();
    await bus?.close();
  });

  it('are refused at once when they are too large for it, and the next one is sent', async () => {
    const producer = await connectedProducer(bus);
    const send = (note: string) =>
      producer.sendMessage(topic, { key: 'large', contract: countedContract, payload: { n: -1, note } });
    await expect(send('x'.repeat(2_000_000))).rejects.toMatchObject({ code: 'payload-too-large' });
    await send('small');
    await eventually('the small one is handled', () => running.handled.length === 1);
    running.handled.length = 0;
  });

  it.each([
    { letters: 'take more than the topic', areOlder: false },
    { letters: 'were made by somebody else and do not', areOlder: true },
  ])('go on behind one that is as large as can be, where its dead letters $letters', async ({ areOlder }) => {
    const own = `test.${randomUUID()}`;
    if (areOlder) await bus.ensureTopic(`${own}.dlq`, 1);
    await bus.ensureTopic(own, 1);
    const value = Buffer.alloc(1_048_588 - 100, 1);
    await stranger.send({ acks: -1, messages: [{ topic: own, key: Buffer.from('k'), value }] });
    const there = await runningConsumer(bus, own);
    const letters: BusMessage[] = [];
    const handler = async ({ message }: { message: BusMessage }) => void letters.push(message);
    const reader = await bus.consume({ topic: `${own}.dlq`, group: randomUUID(), handler });
    await (await connectedProducer(bus)).sendMessage(own, { key: 'k', contract: countedContract, payload: { n: 1 } });
    await eventually('the next one is handled', () => there.handled.length === 1 && letters.length === 1);
    await Promise.all([reader.close(), there.consumer.close()]);
    expect(there.letters).toEqual(['message-plaintext']);
    expect(letters[0]?.headers).toMatchObject({ 'x-sdp-source-topic': own, 'x-sdp-source-offset': '0' });
    expect(letters[0]?.value.byteLength).toBe(areOlder ? 0 : value.byteLength);
    expect(letters[0]?.headers['x-sdp-dead-letter-left-out']).toBe(areOlder ? 'key, value, headers' : undefined);
  });

  it('bring nothing of a stranger’s to the handler: no key, no value, raw bytes, copies in another partition', async () => {
    const producer = await connectedProducer(bus);
    await producer.sendMessage(topic, { key: 'k', contract: countedContract, payload: { n: 0 } });
    await eventually('the genuine one is handled', () => running.handled.length === 1);
    const genuine: { key: Buffer; value: Buffer; headers: Map<Buffer, Buffer> }[] = [];
    const reader = await bus.consume({
      topic,
      group: randomUUID(),
      handler: async ({ message }) => {
        const headers = Object.entries(message.headers).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]);
        genuine.push({
          key: Buffer.from(message.key),
          value: Buffer.from(message.value),
          headers: new Map(headers as [Buffer, Buffer][]),
        });
      },
    });
    await eventually('the log is read', () => genuine.some(({ key }) => key.toString() === 'k'));
    await reader.close();
    const copy = genuine.find(({ key }) => key.toString() === 'k') as (typeof genuine)[number];
    const bytes = Buffer.from([0xff, 0xfe, 0x00, 0x80]);
    await stranger.send({
      acks: -1,
      messages: [
        { topic, partition: 0, value: Buffer.from('{"n":1}') },
        { topic, partition: 0, key: Buffer.from('k') } as never,
        { topic, partition: 1, key: bytes, value: bytes, headers: new Map([[bytes, bytes]]) },
        { topic, partition: 0, ...copy, key: bytes },
        { topic, partition: 1, ...copy, key: Buffer.from('other') },
        { topic, partition: 0, ...copy },
        { topic, partition: 1, ...copy },
      ],
    });
    await producer.sendMessage(topic, { key: 'k', contract: countedContract, payload: { n: 2 } });
    await eventually('all are through', () => running.letters.length === 5 && running.handled.length === 2);
    await eventually('the copies are noticed', () => running.counts.get('repeated') === 2);
    expect(running.handled.map(({ payload }) => payload.n)).toEqual([0, 2]);
    expect(running.letters.toSorted()).toEqual([
      ...['message-plaintext', 'message-plaintext', 'message-plaintext'],
      ...['message-tampered', 'message-tampered'],
    ]);
  });
});
