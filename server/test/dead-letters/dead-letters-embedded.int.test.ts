import { EmbeddedTopicReader } from '../../src/bus/index.ts';
import { createPool } from '../../src/database/index.ts';
import { openBus } from '../bus/bus-address.ts';
import { testDeadLetters } from './dead-letters-suite.ts';

testDeadLetters('dead letters on the bus in PostgreSQL', async ({ dsn }) => {
  const pool = createPool({ dsn, applicationName: 'sdp-test-reader' });
  const bus = openBus({ kind: 'embedded', dsn });
  return {
    ...{ bus, reader: new EmbeddedTopicReader(pool) },
    stop: async () => {
      await bus.close();
      await pool.end();
    },
  };
});
