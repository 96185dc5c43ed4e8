import { describe, it } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { openBus } from './bus-address.ts';
import { type StageContractOptions, testStageContract } from './stage-contract.ts';

const kafka = await startTestKafka();

const sharesPartitions = true;
const faults: StageContractOptions['faults'] = ['in-handler', 'in-write', 'after-write', 'after-store'];

if ('skipped' in kafka) {
  describe('stages on Kafka', () => {
    it.skip(`are tested on a real broker: ${kafka.skipped}`);
  });
} else {
  const start = async (transactions: boolean) => {
    const database = await startTestDatabase();
    const { brokers, proxied } = kafka;
    return {
      address: { kind: 'kafka' as const, brokers, transactions },
      open: () => openBus({ kind: 'kafka', brokers, transactions }),
      effectsDsn: database.dsn,
      ...(proxied && {
        throughProxy: {
          target: proxied.target,
          listen: proxied.advertised,
          address: (port: number) => ({ kind: 'kafka' as const, brokers: [`127.0.0.1:${port}`], transactions }),
        },
      }),
      stop: async () => {
        await database.stop();
        await kafka.stop();
      },
    };
  };
  testStageContract('stages on Kafka', { sharesPartitions, faults, outputsOnce: false }, () => start(false));
  testStageContract(
    'stages on Kafka in transactions',
    { sharesPartitions, faults, outputsOnce: true, isVariant: true },
    () => start(true),
  );
}
