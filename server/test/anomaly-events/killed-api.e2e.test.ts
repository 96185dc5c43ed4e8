import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { Product } from '../../../test/support/product.ts';
import { writeAnomalies } from '../../src/anomaly-events/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { sampleFinding } from './sample-finding.ts';
import { type OpenReader, openEvents, openSocket, type SeenEvent } from './stream-reader.ts';

/** Times that it is killed; more with SDP_KILL_ROUNDS. */
const rounds = Number(process.env['SDP_KILL_ROUNDS'] ?? 1);

let product: Product;
let database: TestDatabase;
let pool: Pool;
beforeAll(async () => {
  product = Product.create();
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'test' });
});
afterAll(async () => {
  await product.remove();
  await pool.end();
  await database.stop();
});

it(
  'followers miss nothing and see nothing twice, whenever the API is killed',
  async () => {
    const environment = { DB_DSN: database.dsn };
    let api = await product.startServer({ environment }, ['api']);
    const { port, url } = api;
    let isWritten = false;
    const follow = async (open: OpenReader): Promise<SeenEvent[]> => {
      const all: SeenEvent[] = [];
      for (let last = '0', isDone = false; !isDone; ) {
        isDone = isWritten;
        const reader = await open(url, { 'X-API-Key': product.apiKey }, `?after=${last}`).catch(() => undefined);
        if (!reader) {
          isDone = false;
          await sleep(100);
          continue;
        }
        // It ends when the process is killed; at last it is asked for what is left.
        await Promise.race([reader.ended, isDone ? sleep(1_000) : until(() => isWritten)]);
        reader.stop();
        await reader.ended;
        all.push(...reader.seen);
        last = reader.seen.at(-1)?.id ?? last;
      }
      return all;
    };
    const until = async (isTrue: () => boolean) => {
      while (!isTrue()) await sleep(50);
    };
    const followers = [follow(openEvents), follow(openSocket)];
    const written: string[] = [];
    const write = async () => {
      for (let n = 0; !isWritten; n++) {
        const finding = sampleFinding({ clientId: product.clientId, dedupeKey: `k${n}`, alertType: `type-${n}` });
        await withTransaction(pool, (tx) => writeAnomalies(tx, [finding]));
        written.push(finding.alertType);
        await sleep(5);
      }
    };
    const writing = write();
    for (let round = 0; round < rounds; round++) {
      await sleep(700);
      api.kill('SIGKILL');
      await api.ended;
      api = await product.startServer({ environment, port }, ['api']);
    }
    await sleep(300);
    isWritten = true;
    await writing;
    for (const seen of await Promise.all(followers)) {
      expect(seen.map(({ data }) => data.anomaly.alert_type)).toEqual(written);
    }
    expect(written.length).toBeGreaterThan(50);
  },
  120_000 + rounds * 20_000,
);
