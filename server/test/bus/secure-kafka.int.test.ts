import { describe, it } from 'vitest';
import { testSecureMessaging } from '../../../shared/test/messaging/secure-suite.ts';
import { testSecureStage } from '../../../shared/test/messaging/stage-suite.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { openBus } from './bus-address.ts';
import { testSecureCrashes } from './secure-crash-suite.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('secure messaging on Kafka', () => {
    it.skip(`is tested on a real broker: ${kafka.skipped}`);
  });
} else {
  const start = async () => {
    const bus = openBus({ kind: 'kafka', brokers: kafka.brokers });
    return { bus, stop: () => bus.close() };
  };

  testSecureMessaging('secure messaging on Kafka', start);
  testSecureStage('a secure stage on Kafka', start);

  testSecureCrashes('secured effects on Kafka', async () => {
    const database = await startTestDatabase();
    return {
      address: { kind: 'kafka', brokers: kafka.brokers },
      dsn: database.dsn,
      stop: async () => {
        await database.stop();
        await kafka.stop();
      },
    };
  });
}
