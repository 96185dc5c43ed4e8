import { randomUUID } from 'node:crypto';
import type { BusMessage, BusPort } from '@sdp/shared/messaging';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TopicReader } from '../../src/bus/index.ts';

export interface ReaderUnderTest {
  readonly bus: BusPort;
  readonly reader: TopicReader;
  stop(): Promise<void>;
}

/** What reading a topic without a group has to do on any bus. */
export function testTopicReader(name: string, start: () => Promise<ReaderUnderTest>): void {
  describe(name, () => {
    let under: ReaderUnderTest;
    beforeAll(async () => {
      under = await start();
    }, 240_000);
    afterAll(() => under?.stop());

    const readAll = async (topic: string, partition: number, from: bigint, to: bigint): Promise<BusMessage[]> => {
      const all: BusMessage[] = [];
      for await (const some of under.reader.read(topic, partition, from, to)) {
        expect(some.length).toBeGreaterThan(0);
        all.push(...some);
      }
      return all;
    };

    it('reads what is there, in order, byte for byte, from and to where it is told', async () => {
      const topic = `test.${randomUUID()}`;
      await under.bus.ensureTopic(topic, 1);
      expect(await under.reader.topics()).toEqual(expect.arrayContaining([topic, `${topic}.dlq`]));
      expect(await under.reader.ranges(topic)).toEqual([{ partition: 0, first: 0n, end: 0n }]);
      expect(await readAll(topic, 0, 0n, 0n)).toEqual([]);
      // More than one answer holds, and one message that is larger than what is asked for at once.
      const values = Array.from({ length: 1_200 }, (_, i) => Buffer.from(`value ${i}`));
      values[600] = Buffer.alloc(900_000, 7);
      const messages = values.map((value, i) => ({ key: `k${i % 3}`, value, headers: { n: String(i) } }));
      for (let from = 0; from < messages.length; from += 300) {
        await under.bus.publish(topic, messages.slice(from, from + 300));
      }
      expect(await under.reader.ranges(topic)).toEqual([{ partition: 0, first: 0n, end: 1_200n }]);
      const all = await readAll(topic, 0, 0n, 1_200n);
      expect(all.map(({ offset }) => Number(offset))).toEqual(messages.map((_, i) => i));
      expect(
        all.every(
          ({ value, headers }, i) => Buffer.compare(value, values[i] as Buffer) === 0 && headers['n'] === String(i),
        ),
      ).toBe(true);
      const some = await readAll(topic, 0, 599n, 602n);
      expect(some.map(({ offset }) => offset)).toEqual([599n, 600n, 601n]);
    });

    it('finds nothing beyond the end', async () => {
      const topic = `test.${randomUUID()}`;
      await under.bus.ensureTopic(topic, 2);
      await under.bus.publish(topic, [{ key: 'k', value: Buffer.from('x') }]);
      for (const partition of [0, 1]) expect(await readAll(topic, partition, 17n, 18n)).toEqual([]);
    });
  });
}
