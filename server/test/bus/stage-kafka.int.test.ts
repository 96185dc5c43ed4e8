import { describe, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { openBus } from './bus-address.ts';
import { type StageContractOptions, testStageContract } from './stage-contract.ts';

const kafka = await startTestKafka();

const options: StageContractOptions = {
  outputsOnce: false,
  sharesPartitions: true,
  faults: ['in-handler', 'in-write', 'after-write', 'after-store'],
};

if ('skipped' in kafka) {
  describe('stages on Kafka', () => {
    it.skip(`are tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testStageContract('stages on Kafka', options, async () => {
    const database = await startTestDatabase();
    const { proxied } = kafka;
    return {
      address: { kind: 'kafka', brokers: kafka.brokers },
      open: () => openBus({ kind: 'kafka', brokers: kafka.brokers }),
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
