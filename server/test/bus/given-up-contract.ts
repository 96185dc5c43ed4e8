import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StageBus } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { createPool, type Pool } from '../../src/database/index.ts';
import { assertContiguousIds, assertNoDuplicateIds } from './assert-ids.ts';
import { declaredDeadMs } from './bus-address.ts';
import { CountingStage } from './counting-stage.ts';
import { applyEffect, createEffectTables, effectsOf } from './effects.ts';
import { eventually } from './eventually.ts';

export interface GivenUpUnderTest {
  readonly bus: StageBus;
  readonly effectsDsn: string;
  /** Has members believe that they are cut off, though their group hears of them. @returns ends it */
  deafen(): () => void;
  stop(): Promise<void>;
}

/**
 * That a member which gave its partitions up by its own clock, while its group went on counting them as its own, works on them
 * again: nobody else would.
 */
export function testGivenUp(name: string, start: () => Promise<GivenUpUnderTest>): void {
  describe(name, () => {
    let under: GivenUpUnderTest;
    let pool: Pool;

    beforeAll(async () => {
      under = await start();
      pool = createPool({ dsn: under.effectsDsn, applicationName: 'sdp-test-effects' });
      await createEffectTables(pool);
    }, 240_000);
    afterAll(async () => {
      await under?.bus.close();
      await pool?.end();
      await under?.stop();
    });

    it('are worked on again, and nothing is done twice', async () => {
      const { bus } = under;
      const [topic, output, group] = [`in.${randomUUID()}`, `out.${randomUUID()}`, randomUUID()];
      await bus.ensureTopic(topic, 3);
      await bus.ensureTopic(output, 1);
      const stage = new CountingStage(output);
      const revoked: number[] = [];
      const options = stage.options(topic, `stage-${group}`);
      const running = await bus.runStage({
        ...options,
        onRevoked: (partition) => {
          revoked.push(partition);
          options.onRevoked?.(partition);
        },
      });
      const consumer = await bus.consume({ topic, group, handler: (delivery) => applyEffect(pool, group, delivery) });
      const numbered: number[] = [];
      const tail = await bus.tail(output, (messages) => {
        for (const { headers } of messages) numbered.push(Number(headers['id']));
      });
      const publish = (from: number) =>
        bus.publish(
          topic,
          Array.from({ length: 30 }, (_, n) => ({
            key: `key-${(from + n) % 7}`,
            value: Buffer.alloc(1),
            headers: { id: String(from + n) },
          })),
        );
      const bothHave = (count: number) =>
        eventually(`${count} are done`, async () => {
          return numbered.length >= count && (await effectsOf(pool, group)).length >= count;
        });
      await publish(0);
      await bothHave(30);
      const hearAgain = under.deafen();
      await eventually('all are given up', () => new Set(revoked).size === 3);
      await publish(30);
      await sleep(declaredDeadMs / 2);
      hearAgain();
      await publish(60);
      await bothHave(90);
      await Promise.all([running.close(), consumer.close(), tail.close()]);
      for (const ids of [numbered, await effectsOf(pool, group)]) {
        assertNoDuplicateIds(ids);
        assertContiguousIds(ids, 90);
      }
    }, 60_000);
  });
}
