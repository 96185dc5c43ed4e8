import { randomUUID } from 'node:crypto';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BusMessage, StageResult } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { EmbeddedBus } from '../../src/bus/index.ts';
import { createPool, type Pool } from '../../src/database/index.ts';
import { eventually, gate } from './eventually.ts';

let database: TestDatabase;
let pool: Pool;
let bus: EmbeddedBus;
const warnings: string[] = [];

beforeAll(async () => {
  database = await startTestDatabase();
  return () => database.stop();
});
beforeEach(async () => {
  pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-handed-over' });
  warnings.length = 0;
  const lines = new Writable({
    write: (line, _encoding, done) => {
      warnings.push(JSON.parse(String(line)).msg);
      done();
    },
  });
  bus = new EmbeddedBus({ pool, dsn: database.dsn, logger: pino({ level: 'warn' }, lines) });
  await pool.query('CREATE TABLE IF NOT EXISTS stored (what TEXT, partition INT, "offset" BIGINT)');
  await pool.query('TRUNCATE stored');
});
afterEach(async () => {
  await bus.close();
  await pool.end();
});

const textOf = ({ value }: BusMessage) => Buffer.from(value).toString('utf8');

/** Three stages behind one another; the first two count what they have seen of each key, the last one stores. */
async function chain(
  handled: (stage: string, messages: readonly BusMessage[]) => Promise<void> = async () => undefined,
) {
  const names = ['one', 'two', 'three', 'four'].map((name) => `${name}.${randomUUID()}`);
  const [one = '', two = '', three = '', four = ''] = names;
  for (const name of names) await bus.ensureTopic(name, 3);
  const rebuilt: string[] = [];
  const counting = async (topic: string, output: string) => {
    const counts = new Map<number, Map<string, number>>();
    const count = ({ partition, key }: BusMessage) => {
      const ofPartition = counts.get(partition) ?? new Map<string, number>();
      counts.set(partition, ofPartition);
      ofPartition.set(key, (ofPartition.get(key) ?? 0) + 1);
      return ofPartition.get(key);
    };
    await bus.runStage({
      ...{ topic, group: topic },
      onAssigned: async ({ partition, nextOffset, read }) => {
        rebuilt.push(`${topic.split('.')[0]} ${partition} ${nextOffset}`);
        counts.delete(partition);
        for await (const messages of read(0n)) for (const message of messages) count(message);
      },
      onRevoked: (partition) => void counts.delete(partition),
      handler: async ({ messages }): Promise<StageResult> => {
        await handled(topic, messages);
        const sent = messages.map((message) => ({
          key: message.key,
          value: Buffer.from(`${textOf(message)}/${count(message)}`),
        }));
        return { outputs: [{ topic: output, messages: sent }] };
      },
    });
  };
  await counting(one, two);
  await counting(two, three);
  await bus.runStage({
    ...{ topic: three, group: three },
    handler: async ({ messages }) => {
      await handled(three, messages);
      const values = [
        messages.map(textOf),
        messages.map(({ partition }) => partition),
        messages.map(({ offset }) => String(offset)),
      ];
      return {
        outputs: [{ topic: four, messages: messages.map(({ key, value }) => ({ key, value })) }],
        write: async () => expect.unreachable('the statement does for it'),
        statement: {
          ctes: storedCtes,
          values,
        },
      };
    },
  });
  const logged = async (topic: string) => {
    const { rows } = await pool.query<{ text: string; key: string; partition: number; offset: string }>(
      `SELECT convert_from(value, 'UTF8') AS text, key, partition, "offset" FROM bus_log
        WHERE topic = $1 ORDER BY partition, "offset"`,
      [topic],
    );
    return rows;
  };
  return { one, two, three, four, rebuilt, logged };
}

function storedCtes(first: number, condition: string): string {
  return `stored AS (
    INSERT INTO stored SELECT * FROM unnest($${first}::text[], $${first + 1}::int[], $${first + 2}::bigint[]) WHERE ${condition})`;
}

const message = (n: number) => ({ key: `k${n % 7}`, value: Buffer.from(`m${n}`) });
/** Each message has been counted once, in its order, by both. */
const expected = (count: number) =>
  Array.from({ length: count }, (_, n) => `m${n}/${Math.floor(n / 7) + 1}/${Math.floor(n / 7) + 1}`).sort();

/** So that there is always something in hand. */
const aWhile = () => sleep(Math.random() * 4);

/** Stores as another program would, without a word to the bus. */
async function appendByHand(topic: string, text: string) {
  await pool.query(
    `WITH head AS (UPDATE bus_partition SET next_offset = next_offset + 1 WHERE topic = $1 AND partition = 0
                   RETURNING next_offset - 1 AS "offset", segment)
     INSERT INTO bus_log (topic, partition, "offset", segment, key, value, written_at)
     SELECT $1, 0, "offset", greatest(segment, bus_segment(clock_timestamp())), 'by hand', convert_to($2, 'UTF8'), clock_timestamp() FROM head`,
    [topic, text],
  );
}

describe('what stages of one process hand to one another', () => {
  it('goes through all of them before any of it is stored, and is stored as it was foretold', async () => {
    const seen: string[] = [];
    const { one, three, four, logged } = await chain(async (topic) => {
      const { rowCount } = await pool.query('SELECT 1 FROM bus_log WHERE topic = ANY ($1)', [[three]]);
      seen.push(`${topic.split('.')[0]} ${rowCount}`);
    });
    const shown: BusMessage[] = [];
    await bus.tail(four, (messages) => void shown.push(...messages));
    await eventually('it is known that there is nobody else', async () => {
      seen.length = 0;
      const before = shown.length;
      await bus.publish(one, [{ key: 'probe', value: Buffer.from('probe') }]);
      await eventually('the probe is through', () => shown.length > before);
      return seen.at(-1) === `three ${before}`;
    });
    const probes = shown.length;
    const count = 300;
    for (let n = 0; n < count; n += 3) await bus.publish(one, [message(n), message(n + 1), message(n + 2)]);
    await eventually('all are through', () => shown.length === probes + count);
    const through = shown.filter(({ key }) => key !== 'probe').map(textOf);
    expect(through.toSorted()).toEqual(expected(count));
    // What a tail shows is in the log, in the same place.
    const inLog = (await logged(four)).map(({ text, partition, offset }) => `${partition} ${offset} ${text}`);
    expect(shown.map((each) => `${each.partition} ${each.offset} ${textOf(each)}`).sort()).toEqual(inLog.sort());
    // And so is what the effect was told.
    const { rows } = await pool.query('SELECT what, partition, "offset" FROM stored ORDER BY partition, "offset"');
    expect(rows).toEqual(
      (await logged(three)).map(({ text, partition, offset }) => ({ what: text, partition, offset })),
    );
    expect(warnings).toEqual([]);
  });

  it('is in the log before a stage that can only write by itself does so', async () => {
    const [one, two] = [`one.${randomUUID()}`, `two.${randomUUID()}`];
    for (const topic of [one, two]) await bus.ensureTopic(topic, 3);
    await bus.runStage({
      ...{ topic: one, group: one },
      handler: async ({ messages }) => ({
        outputs: [{ topic: two, messages: messages.map(({ key, value }) => ({ key, value })) }],
      }),
    });
    const ahead: string[] = [];
    let written = 0;
    await bus.runStage({
      ...{ topic: two, group: two },
      handler: async ({ messages }) => ({
        write: async () => {
          for (const each of messages) {
            const place = [each.topic, each.partition, String(each.offset)];
            const logged = 'SELECT FROM bus_log WHERE topic = $1 AND partition = $2 AND "offset" = $3';
            if ((await pool.query(logged, place)).rowCount !== 1) ahead.push(textOf(each));
          }
          written += messages.length;
        },
      }),
    });
    for (let n = 0; n < 60; n++) {
      await bus.publish(one, [message(n)]);
      await sleep(2);
    }
    await eventually('all are written', () => written === 60);
    expect(ahead).toEqual([]);
  });

  it('is withdrawn when something else has come to stand there, and done again, once', async () => {
    const { one, two, three, four, rebuilt, logged } = await chain(aWhile);
    const published: Promise<void>[] = [];
    let byHand = 0;
    for (const topic of [two, three, two]) {
      rebuilt.length = 0;
      warnings.length = 0;
      // Whether something is handed over at the moment is chance, and for a second after a failure nothing is.
      const until = Date.now() + 20_000;
      while (!warnings.includes('batch could not be stored') && Date.now() < until) {
        for (let i = 0; i < 30; i++) published.push(bus.publish(one, [message(published.length)]));
        await sleep(Math.random() * 6);
        await appendByHand(topic, `x${byHand++}`);
        await sleep(20);
      }
      await Promise.all(published);
      await eventually('all are through', async () => (await logged(four)).length === published.length + byHand);
      expect(warnings).toContain('batch could not be stored');
      expect(rebuilt.length).toBeGreaterThan(0);
    }
    const through = (await logged(four)).map(({ text }) => text);
    expect(through.filter((text) => text.startsWith('m')).toSorted()).toEqual(expected(published.length));
    const { rows } = await pool.query('SELECT what, partition, "offset" FROM stored ORDER BY partition, "offset"');
    expect(rows).toEqual(
      (await logged(three)).map(({ text, partition, offset }) => ({ what: text, partition, offset })),
    );
  });

  it('makes room for others of the process that publish to the same topics', async () => {
    const { one, two, four, logged } = await chain(aWhile);
    const count = 400;
    const work: Promise<unknown>[] = [];
    for (let n = 0; n < count; n++) {
      work.push(bus.publish(one, [message(n)]));
      const other = { key: `other${n}`, value: Buffer.from(`y${n}`) };
      if (n % 20 === 3) work.push(bus.publish(two, [other]));
      if (n % 20 === 7) {
        work.push(
          bus.transaction(async (_client, publish) => {
            await publish(two, [other]);
            await sleep(n % 7);
          }),
        );
      }
      if (n % 20 === 11) {
        const undone = bus.transaction(async (_client, publish) => {
          await publish(two, [other]);
          throw new RangeError('never mind');
        });
        work.push(expect(undone).rejects.toThrow('never mind'));
      }
      if (n % 10 === 9) await sleep(1);
    }
    await Promise.all(work);
    await eventually('all are through', async () => (await logged(four)).length === count + 2 * (count / 20));
    const through = (await logged(four)).map(({ text }) => text).filter((text) => text.startsWith('m'));
    expect(through.toSorted()).toEqual(expected(count));
    expect(warnings).toEqual([]);
  });

  it('is stored with what waits for it when the bus closes', async () => {
    const [begun, go] = [gate(), gate()];
    const { one, four, logged } = await chain(async (topic) => {
      if (!topic.startsWith('two')) return;
      begun.open();
      await go.opened;
    });
    await bus.publish(one, [message(0)]);
    await begun.opened;
    const closed = bus.close();
    go.open();
    await closed;
    const second = new EmbeddedBus({ pool, dsn: database.dsn, logger: pino({ level: 'silent' }) });
    const lag = async () => (await second.lag(one, one)).reduce((sum, each) => sum + each.lag, 0n);
    expect(await lag()).toBe(0n);
    expect((await logged(four)).length).toBeLessThanOrEqual(1);
    await second.close();
  });
});
