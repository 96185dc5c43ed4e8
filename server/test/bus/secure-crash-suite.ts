import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type BusPort, SecureProducer } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresAppliedEvents, PostgresKeyUsage } from '../../src/bus/index.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { assertContiguousIds, assertNoDuplicateIds } from './assert-ids.ts';
import { type BusAddress, declaredDeadMs, openBus } from './bus-address.ts';
import type { SecureDoom } from './doomed-secure-consumer.ts';
import { createEffectTables, effectsOf, type FaultPoint } from './effects.ts';
import { eventually } from './eventually.ts';
import { consumeWithEffects, numberedContract, sharedSecurity } from './secure-effects.ts';

/** That events recorded with their effects have them once, whatever is killed and repeated. */
export function testSecureCrashes(
  name: string,
  start: () => Promise<{ readonly address: BusAddress; readonly dsn: string; stop(): Promise<void> }>,
): void {
  describe(name, () => {
    let under: Awaited<ReturnType<typeof start>>;
    let bus: BusPort;
    let pool: Pool;

    beforeAll(async () => {
      under = await start();
      bus = openBus(under.address);
      pool = createPool({ dsn: under.dsn, applicationName: 'sdp-test-effects' });
      await createEffectTables(pool);
    }, 240_000);
    afterAll(async () => {
      await bus?.close();
      await pool?.end();
      await under?.stop();
    });

    it.each<FaultPoint>(['after-settle', 'after-commit'])(
      'has each effect once when a consumer is killed %s and the sender repeats everything',
      async (dieAt) => {
        const [topic, group] = [`test.${randomUUID()}`, randomUUID()];
        await bus.ensureTopic(topic, 3);
        const producer = new SecureProducer({ bus, security: sharedSecurity(), tenant: 'acme' });
        await producer.connect();
        const count = 60;
        const send = () =>
          producer.sendBatch(
            topic,
            Array.from({ length: count }, (_, n) => ({
              ...{ key: `key-${n % 7}`, contract: numberedContract, payload: { n }, eventId: `event-${n}` },
            })),
          );
        await send();
        const doom: SecureDoom = { address: under.address, effectsDsn: under.dsn, topic, group, dieAt, n: 23 };
        const child = spawn(
          process.execPath,
          [
            '--conditions=sdp-source',
            fileURLToPath(new URL('doomed-secure-consumer.ts', import.meta.url)),
            JSON.stringify(doom),
          ],
          { stdio: 'inherit' },
        );
        expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
        await send();
        const consumer = await consumeWithEffects(bus, pool, { topic, group });
        const lag = async () => (await bus.lag(topic, group)).reduce((sum, each) => sum + each.lag, 0n);
        await eventually('all is settled', async () => (await lag()) === 0n);
        await consumer.close();
        const ids = await effectsOf(pool, group);
        assertNoDuplicateIds(ids);
        assertContiguousIds(ids, count);
      },
    );

    it('goes on, once each, when the process stood still for longer than its membership lasts', async () => {
      const [topic, group] = [`test.${randomUUID()}`, randomUUID()];
      await bus.ensureTopic(topic, 3);
      const producer = new SecureProducer({ bus, security: sharedSecurity(), tenant: 'acme' });
      await producer.connect();
      const count = 60;
      const still = new Int32Array(new SharedArrayBuffer(4));
      let seen = 0;
      const consumer = await consumeWithEffects(bus, pool, { topic, group }, (point) => {
        if (point === 'before-handler' && ++seen === 20) Atomics.wait(still, 0, 0, 1.6 * declaredDeadMs);
      });
      await producer.sendBatch(
        topic,
        Array.from({ length: count }, (_, n) => ({ key: `key-${n % 7}`, contract: numberedContract, payload: { n } })),
      );
      await eventually('all are handled', async () => (await effectsOf(pool, group)).length >= count);
      await consumer.close();
      const ids = await effectsOf(pool, group);
      assertNoDuplicateIds(ids);
      assertContiguousIds(ids, count);
    });

    it('records an event in one transaction of two, and forgets it in time', async () => {
      const store = new PostgresAppliedEvents(pool);
      const [group, topic, digest] = [randomUUID(), 'topic', 'ab'.repeat(32)];
      const event = { group, topic, eventId: 'a', digest, sealedAt: new Date() };
      const record = () => withTransaction(pool, (client) => store.recordIn(client, [event]));
      expect((await Promise.all([record(), record(), record()])).filter((isNew) => isNew)).toHaveLength(1);
      expect(await store.find(group, topic, 'a')).toBe(digest);
      expect(await store.find(group, 'other', 'a')).toBeUndefined();
      await store.record([event, { ...event, eventId: 'b' }]);
      expect(await store.find(group, topic, 'b')).toBe(digest);
      await withTransaction(pool, async (client) => {
        // One of two was there: the caller rolls back.
        expect(await store.recordIn(client, [event, { ...event, eventId: 'c' }])).toBe(false);
        throw new Error('rolled back');
      }).catch(() => undefined);
      expect(await store.find(group, topic, 'c')).toBeUndefined();
      expect(await store.forgetBefore(new Date(0))).toBe(0);
      expect(await store.forgetBefore(new Date(Date.now() + 60_000))).toBeGreaterThanOrEqual(2);
      expect(await store.find(group, topic, 'a')).toBeUndefined();
    });

    it('counts what a key seals over all processes', async () => {
      const usage = new PostgresKeyUsage(pool);
      const key = randomUUID();
      const sums = await Promise.all(Array.from({ length: 20 }, () => usage.reserve(key, 1_000_000_000)));
      expect(sums.toSorted((a, b) => a - b).at(-1)).toBe(20_000_000_000);
      expect(new Set(sums).size).toBe(20);
    });
  });
}
