import { describe, it, vi } from 'vitest';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { GroupClient } from '../../src/bus/kafka/group-client.ts';
import { openBus } from './bus-address.ts';
import { testGivenUp } from './given-up-contract.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('partitions of Kafka that were given up', () => {
    it.skip(`are tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testGivenUp('partitions of Kafka whose heartbeats were answered too late', async () => {
    const database = await startTestDatabase();
    return {
      bus: openBus({ kind: 'kafka', brokers: kafka.brokers }),
      effectsDsn: database.dsn,
      deafen: () => {
        const spy = vi.spyOn(GroupClient.prototype, 'isAlive', 'get').mockReturnValue(false);
        return () => spy.mockRestore();
      },
      stop: async () => {
        await database.stop();
        await kafka.stop();
      },
    };
  });
}
