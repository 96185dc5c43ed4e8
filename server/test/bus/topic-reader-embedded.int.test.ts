import { startTestDatabase } from '../../../test/support/postgres.ts';
import { EmbeddedTopicReader } from '../../src/bus/index.ts';
import { createPool } from '../../src/database/index.ts';
import { openBus } from './bus-address.ts';
import { testTopicReader } from './topic-reader-suite.ts';

testTopicReader('reading topics of the bus in PostgreSQL', async () => {
  const { dsn, stop } = await startTestDatabase();
  const pool = createPool({ dsn, applicationName: 'sdp-test-reader' });
  const bus = openBus({ kind: 'embedded', dsn });
  return {
    ...{ bus, reader: new EmbeddedTopicReader(pool) },
    stop: async () => {
      await bus.close();
      await pool.end();
      await stop();
    },
  };
});
