import { describe, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { testBusContract } from './bus-contract.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('the Kafka bus', () => {
    it.skip(`is tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testBusContract('the Kafka bus', async () => {
    const database = await startTestDatabase();
    const { proxied } = kafka;
    return {
      address: { kind: 'kafka', brokers: kafka.brokers },
      effectsDsn: database.dsn,
      ...(proxied === undefined
        ? {}
        : {
            throughProxy: {
              target: proxied.target,
              listen: proxied.advertised,
              address: (port: number) => ({ kind: 'kafka' as const, brokers: [`127.0.0.1:${port}`] }),
            },
          }),
      stop: async () => {
        await database.stop();
        await kafka.stop();
      },
    };
  });
}
