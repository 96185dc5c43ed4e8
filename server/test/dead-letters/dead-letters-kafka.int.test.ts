import { pino } from 'pino';
import { describe, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { KafkaTopicReader } from '../../src/bus/kafka/index.ts';
import { openBus } from '../bus/bus-address.ts';
import { testDeadLetters } from './dead-letters-suite.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('dead letters on Kafka', () => {
    it.skip(`are tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testDeadLetters('dead letters on Kafka', async () => {
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
