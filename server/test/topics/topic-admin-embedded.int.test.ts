import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { EmbeddedTopicAdmin } from '../../src/bus/index.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { findTopicDrift } from '../../src/topics/index.ts';
import { openBus } from '../bus/bus-address.ts';
import { testTopicAdmin } from './topic-admin-suite.ts';

testTopicAdmin('topics of the bus in PostgreSQL', async () => {
  const database = await startTestDatabase();
  const pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-topics' });
  const bus = openBus({ kind: 'embedded', dsn: database.dsn });
  return {
    ...{ admin: new EmbeddedTopicAdmin(pool, 7), bus },
    stop: async () => {
      await bus.close();
      await pool.end();
      await database.stop();
    },
  };
});

describe('what the bus in PostgreSQL cannot do', () => {
  let database: TestDatabase;
  let pool: Pool;
  beforeAll(async () => {
    database = await startTestDatabase();
    pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-topics' });
  }, 240_000);
  afterAll(async () => {
    await pool?.end();
    await database?.stop();
  });

  it('is told: one retention for all topics, partitions for ever, no compaction', async () => {
    const topic = `test.${randomUUID()}`;
    const admin = new EmbeddedTopicAdmin(pool, 30);
    await admin.create({ topic, partitions: 3, settings: {} });
    const spec = { topic, partitions: 4, retentionDays: 7, cleanup: 'compact', compression: 'zstd' } as const;
    expect((await findTopicDrift(admin, [spec])).map(({ setting, action }) => `${setting} ${action}`)).toEqual([
      ...['partitions impossible', 'retention.ms impossible', 'cleanup.policy impossible'],
    ]);
  });
});
