import { randomUUID } from 'node:crypto';
import type { BusPort } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { openBus } from './bus-address.ts';
import { eventually, gate } from './eventually.ts';

let database: TestDatabase;
let pool: Pool;
let bus: BusPort;

beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-fencing' });
  bus = openBus({ kind: 'embedded', dsn: database.dsn });
  await bus.ensureTopic('t', 1);
});
afterAll(async () => {
  await bus?.close();
  await pool?.end();
  await database?.stop();
});

/** What another member does when it finds the lease run out. */
const takeOver = async (group: string) => {
  const holder = randomUUID();
  await pool.query(
    "UPDATE bus_lease SET member_id = $2, leased_until = now() + interval '1 hour' WHERE group_name = $1",
    [group, holder],
  );
  await pool.query('UPDATE bus_offset SET fence = fence + 1 WHERE group_name = $1', [group]);
};
const nextOffset = async (group: string) =>
  (await pool.query<{ next: string }>('SELECT next_offset AS next FROM bus_offset WHERE group_name = $1', [group]))
    .rows[0]?.next;

describe('a consumer whose partition has gone to another', () => {
  it('is told by its signal, and its transaction comes to nothing', async () => {
    await bus.publish('t', [{ key: 'k', value: Buffer.from('v') }]);
    await pool.query('CREATE TABLE written (what TEXT)');
    const begun = gate();
    const taken = gate();
    const outcome = Promise.withResolvers<unknown>();
    let aborted = false;
    const consumer = await bus.consume({
      topic: 't',
      group: 'settling',
      handler: async ({ settleIn, signal }) => {
        begun.open();
        await taken.opened;
        await eventually('the signal aborts', () => signal.aborted);
        aborted = true;
        const write = withTransaction(pool, async (tx) => {
          await tx.query("INSERT INTO written VALUES ('by the former owner')");
          await settleIn(tx);
        });
        outcome.resolve(await write.catch((error: unknown) => error));
      },
    });
    await begun.opened;
    await takeOver('settling');
    taken.open();
    expect(await outcome.promise).toMatchObject({ code: 'bus-unavailable', retryable: true });
    expect(aborted).toBe(true);
    expect((await pool.query('SELECT * FROM written')).rowCount).toBe(0);
    expect(await nextOffset('settling')).toBe('0');
    await consumer.close();
  });

  it('commits no offset after its handler', async () => {
    const begun = gate();
    const taken = gate();
    const consumer = await bus.consume({
      topic: 't',
      group: 'committing',
      handler: async () => {
        begun.open();
        await taken.opened;
      },
    });
    await begun.opened;
    await takeOver('committing');
    taken.open();
    await consumer.close();
    expect(await nextOffset('committing')).toBe('0');
    const { rows } = await pool.query("SELECT 1 FROM bus_lease WHERE group_name = 'committing' AND member_id IS NULL");
    expect(rows, 'the lease of the new owner is left alone').toEqual([]);
  });

  it('writes no dead letter', async () => {
    const begun = gate();
    const taken = gate();
    const consumer = await bus.consume({
      topic: 't',
      group: 'burying',
      retry: { maxAttempts: 1, initialDelayMs: 1, maxDelayMs: 1 },
      handler: async () => {
        begun.open();
        await taken.opened;
        throw new Error('no');
      },
    });
    await begun.opened;
    await takeOver('burying');
    taken.open();
    await consumer.close();
    expect((await pool.query("SELECT 1 FROM bus_log WHERE topic = 't.dlq'")).rowCount).toBe(0);
  });
});
