import { describe, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { testOutbox } from './outbox-contract.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('the outbox before Kafka', () => {
    it.skip(`is tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testOutbox('Kafka', () => ({ kind: 'kafka', brokers: kafka.brokers }), true);
}
