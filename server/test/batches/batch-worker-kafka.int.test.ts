import { describe, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { testBatchWorker } from './batch-worker-contract.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('the batch worker on Kafka', () => {
    it.skip(`is tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testBatchWorker('Kafka', () => ({ kind: 'kafka', brokers: kafka.brokers }));
}
