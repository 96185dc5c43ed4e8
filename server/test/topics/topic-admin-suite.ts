import { randomUUID } from 'node:crypto';
import type { BusPort } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TopicAdmin } from '../../src/bus/index.ts';
import { applyTopics, findTopicDrift, type TopicSpec } from '../../src/topics/index.ts';

export interface AdminUnderTest {
  readonly admin: TopicAdmin;
  readonly bus: BusPort;
  stop(): Promise<void>;
}

/** What making and comparing topics has to do on any bus. */
export function testTopicAdmin(name: string, start: () => Promise<AdminUnderTest>): void {
  describe(name, () => {
    let under: AdminUnderTest;
    beforeAll(async () => {
      under = await start();
    }, 240_000);
    afterAll(() => under?.stop());

    const specOf = (topic: string, changed: Partial<TopicSpec> = {}): TopicSpec => ({
      ...{ topic, partitions: 3, retentionDays: 7, cleanup: 'delete', compression: 'producer', ...changed },
    });
    const settingsOf = (drift: readonly { readonly setting: string }[]) => drift.map(({ setting }) => setting);

    it('makes what is missing, and finds it as it should be', async () => {
      const specs = [specOf(`test.${randomUUID()}`), specOf(`test.${randomUUID()}`, { partitions: 1 })];
      expect(settingsOf(await findTopicDrift(under.admin, specs))).toEqual(['topic', 'topic']);
      const { done, left } = await applyTopics(under.admin, specs, { addPartitions: false });
      expect([settingsOf(done), left]).toEqual([['topic', 'topic'], []]);
      expect(await applyTopics(under.admin, specs, { addPartitions: false })).toEqual({ done: [], left: [] });
      await under.bus.publish(specs[0]?.topic ?? '', [{ key: 'k', value: Buffer.from('usable') }]);
    });

    it('finds topics that the server made by itself as they should be', async () => {
      const topic = `test.${randomUUID()}`;
      await under.bus.ensureTopic(topic, 3);
      const letters = specOf(`${topic}.dlq`, { partitions: 1, maxMessageBytes: 2_097_176 });
      expect(await findTopicDrift(under.admin, [specOf(topic), letters])).toEqual([]);
    });

    it('never takes partitions away', async () => {
      const topic = `test.${randomUUID()}`;
      await under.bus.ensureTopic(topic, 3);
      const { done, left } = await applyTopics(under.admin, [specOf(topic, { partitions: 2 })], {
        addPartitions: true,
      });
      expect(done).toEqual([]);
      expect(left).toMatchObject([{ setting: 'partitions', is: '3', shouldBe: '2', action: 'impossible' }]);
    });
  });
}
