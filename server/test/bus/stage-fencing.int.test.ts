import { randomUUID } from 'node:crypto';
import type { BusMessage, StageBus } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { openBus } from './bus-address.ts';
import { CountingStage } from './counting-stage.ts';
import { eventually, gate } from './eventually.ts';

let database: TestDatabase;
let pool: Pool;
let bus: StageBus;

beforeAll(async () => {
  database = await startTestDatabase();
  pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-fencing' });
  bus = openBus({ kind: 'embedded', dsn: database.dsn });
  await pool.query('CREATE TABLE written (what TEXT)');
});
afterAll(async () => {
  await bus?.close();
  await pool?.end();
  await database?.stop();
});

const offsets = async (group: string) => {
  const sql = 'SELECT next_offset FROM bus_offset WHERE group_name = $1 ORDER BY partition';
  return (await pool.query<{ next_offset: string }>(sql, [group])).rows.map(({ next_offset }) => Number(next_offset));
};

/** A stage that has begun a batch over both partitions of a topic, and stops in its handler until `go` is opened. */
async function stageInHand(beforeItGoesOn: (group: string) => Promise<unknown> = async () => undefined) {
  const [topic, output, group] = [`in.${randomUUID()}`, `out.${randomUUID()}`, randomUUID()];
  await bus.ensureTopic(topic, 2);
  await bus.ensureTopic(output, 1);
  const [begun, go] = [gate(), gate()];
  const stage = new CountingStage(output);
  const events: string[] = [];
  const options = stage.options(topic, group);
  let first: readonly BusMessage[] | undefined;
  const consumer = await bus.runStage({
    ...options,
    onAssigned: async (partition) => {
      await options.onAssigned?.(partition);
      events.push(`assigned ${partition.partition}`);
    },
    onRevoked: (partition) => {
      options.onRevoked?.(partition);
      events.push(`revoked ${partition}`);
    },
    handler: async ({ messages, signal }) => {
      const result = stage.work(messages);
      if (first !== undefined) return result;
      first = messages;
      begun.open();
      await go.opened;
      await beforeItGoesOn(group);
      events.push(signal.aborted ? 'aborted' : 'went on');
      return { ...result, write: async (tx) => void (await tx.query("INSERT INTO written VALUES ('by the batch')")) };
    },
  });
  await eventually('both are ready', () => stage.partitions.length === 2);
  // A statement that was begun before is through.
  await bus.lag(topic, group);
  // Of both partitions, and handed over at once.
  const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
  await bus.publish(
    topic,
    keys.map((key) => ({ key, value: Buffer.from(key), headers: { id: key } })),
  );
  await begun.opened;
  const outputs = async () =>
    (await pool.query<{ key: string }>('SELECT key FROM bus_log WHERE topic = $1 ORDER BY key', [output])).rows.map(
      ({ key }) => key,
    );
  return { topic, group, consumer, go, events, outputs, first: first ?? [] };
}

describe('a stage one of whose partitions has gone to another', () => {
  it('stores nothing of the batch, and does the rest again', async () => {
    const { group, consumer, go, events, outputs, first } = await stageInHand();
    expect(new Set(first.map(({ partition }) => partition))).toEqual(new Set([0, 1]));
    // What another member does when it finds the lease run out.
    const holder = randomUUID();
    const lease =
      "UPDATE bus_lease SET member_id = $2, leased_until = 'infinity' WHERE group_name = $1 AND partition = 0";
    await pool.query(lease, [group, holder]);
    await pool.query('UPDATE bus_offset SET fence = fence + 1 WHERE group_name = $1 AND partition = 0', [group]);
    events.length = 0;
    go.open();
    const ofOther = first.filter(({ partition }) => partition === 1).map(({ key }) => key);
    await eventually('the other partition is done', async () => (await offsets(group))[1] === ofOther.length);
    expect(await outputs()).toEqual(ofOther.toSorted());
    expect((await offsets(group))[0]).toBe(0);
    expect((await pool.query('SELECT 1 FROM written')).rowCount).toBe(0);
    expect(events.filter((event) => event.startsWith('revoked')).sort()).toEqual(['revoked 0', 'revoked 1']);
    expect(events.filter((event) => event.startsWith('assigned'))).toEqual(['assigned 1']);
    await consumer.close();
    const { rows } = await pool.query<{ member_id: string }>(
      'SELECT member_id FROM bus_lease WHERE group_name = $1 AND partition = 0',
      [group],
    );
    expect(rows[0]?.member_id, 'the lease of the new owner is left alone').toBe(holder);
  });

  it('does nothing twice when a batch was stored and nobody knows', async () => {
    const begun = await stageInHand((group) =>
      // The statement was given up for lost, and is carried out all the same.
      pool.query(
        `UPDATE bus_offset o SET next_offset = p.next_offset FROM bus_partition p
          WHERE p.topic = o.topic AND p.partition = o.partition AND o.group_name = $1`,
        [group],
      ),
    );
    begun.events.length = 0;
    begun.go.open();
    await eventually(
      'state is built anew',
      () => begun.events.filter((event) => event.startsWith('assigned')).length === 2,
    );
    expect(await begun.outputs()).toEqual([]);
    await bus.publish(begun.topic, [{ key: 'a', value: Buffer.from('a'), headers: { id: 'next' } }]);
    await eventually('it goes on behind', async () => (await begun.outputs()).length === 1);
    await begun.consumer.close();
  });
});
