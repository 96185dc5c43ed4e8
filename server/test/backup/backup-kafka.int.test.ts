import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { takeBrokerTurn } from '../../../test/support/broker-turn.ts';
import { startTestKafka } from '../../../test/support/kafka.ts';
import { startTestDatabase } from '../../../test/support/postgres.ts';
import { testBackup } from './backup-suite.ts';

const kafka = await startTestKafka();

if ('skipped' in kafka) {
  describe('a backup of Kafka', () => {
    it.skip(`is tested on a real broker: ${kafka.skipped}`);
  });
} else {
  testBackup('a backup in a directory, of Kafka', { faults: [{ put: 2, when: 'after' }, 'after-chain'] }, async () => {
    const giveBack = await takeBrokerTurn();
    const database = await startTestDatabase();
    const home = mkdtempSync(join(tmpdir(), 'sdp-test-backup-'));
    return {
      ...{ address: { kind: 'kafka', brokers: kafka.brokers }, dsn: database.dsn },
      place: () => ({ directory: join(home, randomUUID()) }),
      stop: async () => {
        await database.stop();
        await kafka.stop();
        rmSync(home, { recursive: true, force: true });
        giveBack();
      },
    };
  });
}
