// Runs an embedded PostgreSQL until it is told to end; started by embedded-postgres.int.test.ts.
import { startEmbeddedPostgres } from '../../src/database/index.ts';

const postgres = await startEmbeddedPostgres({ dataDir: process.argv[2] as string });
process.send?.({ dsn: postgres.dsn });
process.on('message', async (message) => {
  if (message === 'stop') {
    await postgres.stop();
    process.exit(0);
  }
});
