import { pino } from 'pino';
import { describe, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { KafkaTopicReader } from '../../src/bus/index.ts';
import { openBus } from './bus-address.ts';
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
}
