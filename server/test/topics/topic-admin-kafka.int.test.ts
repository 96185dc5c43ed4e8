import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { KafkaTopicAdmin } from '../../src/bus/kafka/index.ts';
import { applyTopics, findTopicDrift, type TopicSpec } from '../../src/topics/index.ts';
import { openBus } from '../bus/bus-address.ts';
import { testTopicAdmin } from './topic-admin-suite.ts';

const kafka = await startTestKafka();
const brokers = 'skipped' in kafka ? [] : kafka.brokers;
const open = () => new KafkaTopicAdmin({ brokers, clientId: 'sdp-test', logger: pino({ level: 'silent' }) });

if ('skipped' in kafka) {
  describe('topics of Kafka', () => {
    it.skip(`are tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testTopicAdmin('topics of Kafka', async () => {
    const [admin, bus] = [open(), openBus({ kind: 'kafka', brokers })];
    return {
      ...{ admin, bus },
      stop: async () => {
        await admin.close();
        await bus.close();
      },
    };
  });

  describe('settings of topics of Kafka', () => {
    const admin = open();
    afterAll(() => admin.close());
    const spec: TopicSpec = {
      ...{ topic: `test.${randomUUID()}`, partitions: 2, retentionDays: 7, cleanup: 'delete' },
      ...{ compression: 'producer', minInsyncReplicas: 1, maxMessageBytes: 200_000 },
    };

    it('are set back where somebody changed them, and partitions are added only when asked for', async () => {
      await applyTopics(admin, [{ ...spec, partitions: 1 }], { addPartitions: false });
      await admin.set(spec.topic, {
        ...{ 'retention.ms': '3600000', 'cleanup.policy': 'compact', 'compression.type': 'lz4' },
        ...{ 'max.message.bytes': '1000', 'message.timestamp.type': 'CreateTime', 'segment.bytes': '1048576' },
      });
      const changed = ['retention.ms', 'cleanup.policy', 'compression.type', 'max.message.bytes'];
      const first = await applyTopics(admin, [spec], { addPartitions: false });
      expect(first.done.map(({ setting }) => setting)).toEqual([...changed, 'message.timestamp.type']);
      expect(first.left).toMatchObject([{ setting: 'partitions', is: '1', shouldBe: '2', action: 'add-partitions' }]);
      const second = await applyTopics(admin, [spec], { addPartitions: true });
      expect([second.done.length, second.left]).toEqual([1, []]);
      // What the file says nothing of stays as it is.
      const states = await admin.describe([spec.topic], ['segment.bytes', 'message.timestamp.type']);
      expect(states.get(spec.topic)).toEqual({
        ...{ partitions: 2, replication: 1 },
        settings: { 'segment.bytes': '1048576', 'message.timestamp.type': 'LogAppendTime' },
      });
    });

    it('that the broker cannot keep are refused with a word on why', async () => {
      const copies = { ...spec, topic: `test.${randomUUID()}`, replication: 3 };
      await expect(applyTopics(admin, [copies], { addPartitions: false })).rejects.toMatchObject({
        code: 'config-invalid',
      });
      expect(await findTopicDrift(admin, [copies])).toMatchObject([{ setting: 'topic', action: 'create' }]);
    });
  });
}
