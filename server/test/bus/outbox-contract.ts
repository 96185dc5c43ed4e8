import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BusMessage, type BusPort, deadLetterTopic } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import {
  enqueue,
  maxMessageBytes,
  type OutboxRelay,
  type OutboxRelayOptions,
  startOutboxRelay,
} from '../../src/bus/outbox.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { assertContiguousIds, assertNoDuplicateIds } from './assert-ids.ts';
import { type BusAddress, openBus } from './bus-address.ts';
import { eventually } from './eventually.ts';
import { type DoomedRelay, relaySteps } from './relay-steps.ts';

const logger = pino({ level: 'silent' });

/** From a transaction to either bus: nothing is lost, nothing is invented. */
export function testOutbox(name: string, addressOf: (dsn: string) => BusAddress, publishesTwice: boolean): void {
  describe(`the outbox before ${name}`, () => {
    let database: TestDatabase;
    let pool: Pool;
    let bus: BusPort;
    let topic: string;
    let relays: OutboxRelay[] = [];

    beforeAll(async () => {
      database = await startTestDatabase();
      pool = createPool({ dsn: database.dsn, applicationName: 'sdp-test-outbox' });
      bus = openBus(addressOf(database.dsn));
    }, 240_000);
    afterAll(async () => {
      await bus?.close();
      await pool?.end();
      await database?.stop();
    });
    beforeEach(async () => {
      topic = `test.${randomUUID()}`;
      await bus.ensureTopic(topic, 3);
    });
    afterEach(async () => {
      for (const relay of relays) await relay.close(5_000);
      relays = [];
      await pool.query('DELETE FROM outbox');
    });

    const startRelay = (
      options: { pollMs?: number; onPublished?: NonNullable<OutboxRelayOptions['onPublished']> } = {},
    ) => {
      const relay = startOutboxRelay({ pool, bus, logger, pollMs: 20, ...options });
      relays.push(relay);
      return relay;
    };
    const put = (id: number, to = topic) =>
      withTransaction(pool, (tx) =>
        enqueue(tx, to, { key: `key-${id % 5}`, value: Buffer.from([id]), headers: { id: String(id) } }),
      );
    /** Everything in the topic; the number is known because nobody publishes any more. */
    const readAll = async (): Promise<BusMessage[]> => {
      const group = randomUUID();
      const expected = (await bus.lag(topic, group)).reduce((sum, { lag }) => sum + Number(lag), 0);
      const messages: BusMessage[] = [];
      const reader = await bus.consume({ topic, group, handler: async ({ message }) => void messages.push(message) });
      await eventually('all are read', () => messages.length === expected);
      await reader.close();
      return messages;
    };
    const idsOf = (messages: readonly BusMessage[]) => messages.map(({ headers }) => Number(headers['id']));
    const isEmpty = async () => (await pool.query('SELECT 1 FROM outbox LIMIT 1')).rowCount === 0;

    it('publishes what was committed, in order per key, and nothing that was rolled back', async () => {
      const relay = startRelay();
      for (let id = 0; id < 50; id++) {
        await put(id);
        const undone = withTransaction(pool, async (tx) => {
          await enqueue(tx, topic, { key: `key-${id % 5}`, value: Buffer.from('no'), headers: { id: '-1' } });
          throw new Error('rolled back');
        });
        await expect(undone).rejects.toThrow('rolled back');
        relay.wake();
      }
      await eventually('the outbox is empty', isEmpty);
      const messages = await readAll();
      assertNoDuplicateIds(idsOf(messages));
      assertContiguousIds(idsOf(messages), 50);
      for (const ofKey of Map.groupBy(messages, ({ key }) => key).values()) {
        expect(idsOf(ofKey)).toEqual(idsOf(ofKey).toSorted((a, b) => a - b));
      }
    });

    it('says how far it lags, and is woken at once', async () => {
      expect(await startRelay({ pollMs: 1 }).lag()).toEqual({ messages: 0, oldestSeconds: 0 });
      await relays.pop()?.close(5_000);
      for (let id = 0; id < 3; id++) await put(id);
      let published = 0;
      // It would look by itself in an hour.
      const relay = startRelay({ pollMs: 3_600_000, onPublished: (messages) => (published += messages.length) });
      await eventually('what waited is out', () => published === 3);
      await put(3);
      const { messages, oldestSeconds } = await relay.lag();
      expect(messages).toBe(1);
      expect(oldestSeconds).toBeGreaterThan(0);
      await eventually('the news is out', () => {
        relay.wake();
        return published === 4;
      });
    });

    it('keeps the order with several relays at work', async () => {
      for (let round = 0; round < 3; round++) startRelay();
      for (let id = 0; id < 60; id++) await put(id);
      await eventually('the outbox is empty', isEmpty);
      const messages = await readAll();
      assertNoDuplicateIds(idsOf(messages));
      assertContiguousIds(idsOf(messages), 60);
      for (const ofKey of Map.groupBy(messages, ({ key }) => key).values()) {
        expect(idsOf(ofKey)).toEqual(idsOf(ofKey).toSorted((a, b) => a - b));
      }
    });

    it.each(relaySteps)('loses nothing when it is killed %s', async (dieAt) => {
      const child = runDoomed({ address: addressOf(database.dsn), dsn: database.dsn, dieAt });
      let ended = false;
      void child.then(() => {
        ended = true;
      });
      let id = 0;
      for (; !ended; id++) await put(id);
      expect(await child).toBe('SIGKILL');
      startRelay();
      await eventually('the outbox is empty', isEmpty);
      const ids = idsOf(await readAll());
      assertContiguousIds(ids, id);
      // With Kafka what was published and not yet deleted comes again; consumers tell it by its event id.
      if (!publishesTwice || dieAt !== 'between publishing and deleting') assertNoDuplicateIds(ids);
    });

    it('waits for a topic that is not there yet, and goes on when it is', async () => {
      const late = `test.${randomUUID()}`;
      await put(0, late);
      let published = 0;
      startRelay({ onPublished: (messages) => (published += messages.length) });
      await bus.ensureTopic(late, 1);
      await eventually('it is published', () => published === 1);
    });

    it('refuses a message that no bus would take', async () => {
      const value = Buffer.alloc(maxMessageBytes + 1);
      const call = withTransaction(pool, (tx) => enqueue(tx, deadLetterTopic(topic), { key: 'k', value }));
      await expect(call).rejects.toMatchObject({ code: 'payload-too-large' });
    });
  });
}

async function runDoomed(doomed: DoomedRelay): Promise<string | null> {
  const script = fileURLToPath(new URL('./doomed-relay.ts', import.meta.url));
  const args = ['--conditions=sdp-source', script, JSON.stringify(doomed)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal;
}
