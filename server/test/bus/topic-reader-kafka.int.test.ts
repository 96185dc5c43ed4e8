import { randomUUID } from 'node:crypto';
import { Producer, stringSerializers } from '@platformatic/kafka';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { KafkaTopicReader } from '../../src/bus/kafka/index.ts';
import { openBus } from './bus-address.ts';
import { eventually } from './eventually.ts';
import { testTopicReader } from './topic-reader-suite.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('reading topics of Kafka', () => {
    it.skip(`is tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testTopicReader('reading topics of Kafka', async () => {
    const { brokers } = kafka;
    const bus = openBus({ kind: 'kafka', brokers });
    const reader = new KafkaTopicReader({ brokers, clientId: 'sdp-test', logger: pino({ level: 'silent' }) });
    return {
      ...{ bus, reader },
      stop: async () => {
        await reader.close();
        await bus.close();
      },
    };
  });

  it('reads nothing that was taken back, nor what may be yet', async () => {
    const { brokers } = kafka;
    const topic = `test.${randomUUID()}`;
    const bus = openBus({ kind: 'kafka', brokers });
    await bus.ensureTopic(topic, 1);
    const reader = new KafkaTopicReader({ brokers, clientId: 'sdp-test', logger: pino({ level: 'silent' }) });
    const producer = new Producer({
      ...{ clientId: 'test', bootstrapBrokers: [...brokers], transactionalId: topic, serializers: stringSerializers },
      idempotent: true,
    });
    const send = async (value: string) => {
      const transaction = await producer.beginTransaction();
      await transaction.send({ messages: [{ topic, key: 'k', value }] });
      return transaction;
    };
    const read = async () => {
      const [range] = await reader.ranges(topic);
      const values: string[] = [];
      for await (const some of reader.read(topic, 0, 0n, range?.end ?? 0n))
        values.push(...some.map(({ value }) => Buffer.from(value).toString()));
      return values;
    };
    await (await send('stays')).commit();
    for (const value of ['taken back', 'taken back, too']) await (await send(value)).abort();
    const open = await send('open');
    expect(await read()).toEqual(['stays']);
    await open.commit();
    // The broker answers before it has marked the partitions.
    await eventually('what is no longer open can be read', async () => (await read()).length > 1);
    expect(await read()).toEqual(['stays', 'open']);
    await producer.close();
    await reader.close();
    await bus.close();
  });
}
