import { describe, it } from 'vitest';
import { testSecureMessaging } from '../../../shared/test/messaging/secure-suite.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { openBus } from './bus-address.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('secure messaging on Kafka', () => {
    it.skip(`is tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testSecureMessaging('secure messaging on Kafka', async () => {
    const bus = openBus({ kind: 'kafka', brokers: kafka.brokers });
    return {
      bus,
      stop: async () => {
        await bus.close();
        await kafka.stop();
      },
    };
  });
}
