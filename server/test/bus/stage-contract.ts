import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { BusMessage, OutgoingMessage, StageBus, StageOptions } from '@sdp/shared/messaging';
import { deadLetterHeaders, deadLetterTopic } from '@sdp/shared/messaging';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTcpProxy } from '../../../test/support/tcp-proxy.ts';
import { createPool, type Pool, withTransaction } from '../../src/database/index.ts';
import { assertContiguousIds, assertNoDuplicateIds } from './assert-ids.ts';
import { declaredDeadMs, openBus } from './bus-address.ts';
import type { BusUnderTest } from './bus-contract.ts';
import { CountingStage } from './counting-stage.ts';
import type { StageDoom, StageFault } from './doomed-stage.ts';
import { createEffectTables, effectsOf } from './effects.ts';
import { eventually, gate } from './eventually.ts';

export interface StageBusUnderTest extends Partial<Pick<BusUnderTest, 'effectsDsn' | 'throughProxy'>> {
  /** A bus as another process has it. */
  open(): StageBus;
  readonly address?: BusUnderTest['address'];
  stop(): Promise<void>;
}

export interface StageContractOptions {
  /** Whether outputs are stored together with offsets, so that no crash repeats one. */
  readonly outputsOnce: boolean;
  /** Groups with several members. */
  readonly sharesPartitions: boolean;
  /** Steps that a batch takes; a process is killed at those between which most can go wrong, with `SDP_TEST_KILLS` set at each. */
  readonly faults: readonly StageFault[];
  /** Leaves out what one member does undisturbed: it has been tested where only this differs. */
  readonly isVariant?: boolean;
}

const partitions = 4;
const riskiest: readonly StageFault[] = ['in-write', 'after-write'];

/** What every implementation of stages has to do. */
export function testStageContract(
  name: string,
  { outputsOnce, sharesPartitions, faults, isVariant = false }: StageContractOptions,
  start: () => Promise<StageBusUnderTest>,
): void {
  describe(name, () => {
    let under: StageBusUnderTest;
    let bus: StageBus;
    let effects: Pool | undefined;
    let names: { readonly topic: string; readonly output: string; readonly group: string };
    let opened: { close(): Promise<void> }[] = [];
    let children: ChildProcess[] = [];

    beforeAll(async () => {
      under = await start();
      bus = under.open();
      if (under.effectsDsn === undefined) return;
      effects = createPool({ dsn: under.effectsDsn, applicationName: 'sdp-test-effects' });
      await createEffectTables(effects);
    }, 240_000);
    afterAll(async () => {
      await bus?.close();
      await effects?.end();
      await under?.stop();
    });
    afterEach(async () => {
      for (const child of children) child.kill('SIGKILL');
      for (const one of opened.reverse()) await one.close();
      [opened, children] = [[], []];
    });

    const opens = <T extends { close(): Promise<void> }>(one: T): T => {
      opened.push(one);
      return one;
    };
    const freshTopics = async () => {
      const run = randomUUID();
      names = { topic: `in.${run}`, output: `out.${run}`, group: `group.${run}` };
      await bus.ensureTopic(names.topic, partitions);
      await bus.ensureTopic(names.output, partitions);
    };
    const runCounting = async (on: StageBus = bus, options: Partial<StageOptions> = {}) => {
      const stage = new CountingStage(names.output);
      const consumer = opens(await on.runStage({ ...stage.options(names.topic, names.group), ...options }));
      return { stage, consumer };
    };
    /** All that is in a topic, by a reading of its own. */
    const contents = async (topic: string, atLeast: number): Promise<BusMessage[]> => {
      const found: BusMessage[] = [];
      const reader = await bus.consume({
        topic,
        group: randomUUID(),
        handler: async ({ message }) => void found.push(message),
      });
      await eventually(`${atLeast} messages are in ${topic}`, () => found.length >= atLeast);
      await eventually('all of it is read', async () => {
        const before = found.length;
        await sleep(60);
        return found.length === before;
      });
      await reader.close();
      return found;
    };
    /** That each key was numbered from 1 without a gap, and the first time in this order. */
    const expectCounted = (messages: readonly BusMessage[], count: number, once = outputsOnce) => {
      const ids = messages.map(({ headers }) => Number(headers['id']));
      if (once) assertNoDuplicateIds(ids);
      assertContiguousIds(ids, count);
      for (const [, ofKey] of Map.groupBy(messages, ({ key }) => key)) {
        const firsts = [...new Map(ofKey.map(({ headers }) => [headers['id'], Number(headers['count'])])).values()];
        expect(firsts).toEqual(Array.from({ length: firsts.length }, (_, n) => n + 1));
        const counts = new Map(ofKey.map(({ headers }) => [headers['id'], headers['count']]));
        for (const { headers } of ofKey)
          expect(headers['count'], 'a repeat says the same').toBe(counts.get(headers['id']));
      }
    };
    const lag = async () => (await bus.lag(names.topic, names.group)).reduce((sum, each) => sum + each.lag, 0n);
    const settled = () => eventually('all is settled', async () => (await lag()) === 0n);

    describe.skipIf(isVariant)('with one member', () => {
      it('keeps the order per key, and takes what waits in one go', async () => {
        await freshTopics();
        await bus.publish(names.topic, numbered(40));
        const { stage } = await runCounting();
        await Promise.all(
          Array.from({ length: 20 }, (_, call) => bus.publish(names.topic, numbered(13, 40 + 13 * call))),
        );
        expectCounted(await contents(names.output, 300), 300, true);
        expect(stage.partitions).toEqual([0, 1, 2, 3]);
        expect(Math.max(...stage.batches)).toBeGreaterThan(1);
        expect(stage.batches.reduce((sum, size) => sum + size, 0)).toBe(300);
        await settled();
      });

      it('stores dead letters with the rest, and moves on', async () => {
        await freshTopics();
        await runCounting();
        await bus.publish(names.topic, [
          ...numbered(3),
          { ...(numbered(1, 3)[0] as OutgoingMessage), headers: { id: '3', fate: 'dead' } },
          ...numbered(2, 4),
        ]);
        const [letter] = await contents(deadLetterTopic(names.topic), 1);
        expect(letter?.headers).toMatchObject({ id: '3', fate: 'dead', [deadLetterHeaders.code]: 'message-invalid' });
        const ids = (await contents(names.output, 5)).map(({ headers }) => Number(headers['id']));
        expect(ids.sort()).toEqual([0, 1, 2, 4, 5]);
        await settled();
      });

      it('goes on where it was, with the state that it had', async () => {
        await freshTopics();
        const first = await runCounting();
        await bus.publish(names.topic, numbered(30));
        await settled();
        await first.consumer.close();
        expect(first.stage.partitions).toEqual([]);
        await bus.publish(names.topic, numbered(30, 30));
        await runCounting(sharesPartitions ? opens(under.open()) : bus);
        expectCounted(await contents(names.output, 60), 60, true);
      });

      it('waits for the batch in hand when it closes', async () => {
        await freshTopics();
        const begun = gate();
        const go = gate();
        const stage = new CountingStage(names.output);
        const consumer = await bus.runStage({
          ...stage.options(names.topic, names.group),
          handler: async ({ messages }) => {
            begun.open();
            await go.opened;
            return stage.work(messages);
          },
        });
        await bus.publish(names.topic, numbered(1));
        await begun.opened;
        const closed = consumer.close();
        go.open();
        await closed;
        expect(await lag()).toBe(0n);
        expectCounted(await contents(names.output, 1), 1, true);
      });

      it('stores nothing of a batch whose write fails, and builds the state anew', async () => {
        await freshTopics();
        let failures = 0;
        const stage = new CountingStage(names.output);
        opens(
          await bus.runStage({
            ...stage.options(names.topic, names.group),
            handler: async ({ messages }) => ({
              ...stage.work(messages),
              write: async () => {
                if (failures++ < 2) throw new Error('not yet');
              },
            }),
            inTransaction: async (work) => work({ query: async () => ({ rowCount: 0, rows: [] }) }),
          }),
        );
        await bus.publish(names.topic, numbered(12));
        await settled();
        expect(failures).toBeGreaterThan(2);
        expectCounted(await contents(names.output, 12), 12);
      });

      it('shows a tail all that comes, once and in order, and each tail the same', async () => {
        await freshTopics();
        await bus.publish(names.topic, numbered(5));
        const seen: BusMessage[][] = [[], []];
        const tails = await Promise.all(
          seen.map((all) => bus.tail(names.topic, (messages) => void all.push(...messages))),
        );
        await bus.publish(names.topic, numbered(50, 5));
        const elsewhere = sharesPartitions ? opens(under.open()) : bus;
        await elsewhere.publish(names.topic, numbered(50, 55));
        await eventually('both have seen all', () => seen.every(({ length }) => length >= 100));
        for (const all of seen) {
          const ids = all.map(({ headers }) => Number(headers['id']) - 5);
          assertNoDuplicateIds(ids);
          assertContiguousIds(ids, 100);
          for (const [, ofPartition] of Map.groupBy(all, ({ partition }) => partition)) {
            const offsets = ofPartition.map(({ offset }) => offset);
            expect(offsets).toEqual(offsets.toSorted((a, b) => Number(a - b)));
          }
        }
        for (const tail of tails) await tail.close();
        await bus.publish(names.topic, numbered(5, 105));
        await sleep(50);
        expect(seen.map(({ length }) => length)).toEqual([100, 100]);
      });

      it('hands a tail and a stage the same message as the log has', async () => {
        await freshTopics();
        const shown: BusMessage[] = [];
        const taken: BusMessage[] = [];
        opens(await bus.tail(names.topic, (messages) => void shown.push(...messages)));
        opens(
          await bus.runStage({
            ...{ topic: names.topic, group: names.group },
            handler: async ({ messages }) => {
              taken.push(...messages);
              return {};
            },
          }),
        );
        await eventually('it has settled down', async () => (await lag()) === 0n);
        const value = Uint8Array.from({ length: 256 }, (_, i) => i);
        await bus.publish(names.topic, [
          { key: 'ключ', value, headers: { a: '"ä"', b: '' } },
          { key: '', value: new Uint8Array() },
        ]);
        await eventually('both have both', () => shown.length === 2 && taken.length === 2);
        const plain = (messages: readonly BusMessage[]) =>
          messages
            .map(({ isOwn: _, ...message }) => ({ ...message, value: [...message.value] }))
            .toSorted((a, b) => (a.key < b.key ? -1 : 1));
        const logged = plain(await contents(names.topic, 2));
        expect(plain(shown)).toEqual(logged);
        expect(plain(taken)).toEqual(logged);
      });

      it('moves its group to an earlier time', async () => {
        await freshTopics();
        await bus.publish(names.topic, numbered(5));
        await sleep(20);
        const between = new Date();
        await sleep(20);
        await bus.publish(names.topic, numbered(5, 5));
        const first = await runCounting();
        await settled();
        if (sharesPartitions)
          await expect(bus.replayFrom(names.topic, names.group, between)).rejects.toMatchObject({ code: 'group-busy' });
        await first.consumer.close();
        await bus.replayFrom(names.topic, names.group, between);
        expect(await lag()).toBe(5n);
        await runCounting();
        await settled();
        const ids = (await contents(names.output, 15)).map(({ headers }) => Number(headers['id']));
        expect(ids.filter((id) => id >= 5)).toHaveLength(10);
        expect(ids.filter((id) => id < 5)).toHaveLength(5);
      });
    });

    describe.runIf(sharesPartitions)('with several members', () => {
      it('hands partitions over without loss, repeat or a state that is wrong', async () => {
        await freshTopics();
        const others = [opens(under.open()), opens(under.open())];
        let published = 0;
        const publishing = (async () => {
          while (published < 600) {
            await bus.publish(names.topic, numbered(5, published));
            published += 5;
            await sleep(5);
          }
        })();
        const first = await runCounting();
        const second = await runCounting(others[0]);
        await eventually(
          'they share',
          () => first.stage.partitions.length === 2 && second.stage.partitions.length === 2,
        );
        const third = await runCounting(others[1]);
        await first.consumer.close();
        await eventually(
          'two have all',
          () => second.stage.partitions.length === 2 && third.stage.partitions.length === 2,
        );
        await publishing;
        await settled();
        expectCounted(await contents(names.output, 600), 600);
      }, 40_000);

      const doomed = (fault: StageDoom['fault'], afterMessages: number) => {
        const doom: StageDoom = {
          ...{ ...names, address: under.address as BusUnderTest['address'], effectsDsn: under.effectsDsn ?? '' },
          ...{ fault, afterMessages },
        };
        const child = fork(fileURLToPath(new URL('doomed-stage.ts', import.meta.url)), [JSON.stringify(doom)], {
          execArgv: ['--conditions=sdp-source'],
        });
        children.push(child);
        return child;
      };
      const runWriting = async () => {
        const stage = new CountingStage(names.output);
        const pool = effects as Pool;
        return opens(
          await bus.runStage({
            ...stage.options(names.topic, names.group),
            handler: async ({ messages }) => ({
              ...stage.work(messages),
              write: async (tx) => {
                await tx.query(
                  `WITH fresh AS (INSERT INTO handled SELECT $1, unnest($2::int[]) ON CONFLICT DO NOTHING RETURNING event_id)
                   INSERT INTO effect SELECT $1, event_id FROM fresh`,
                  [names.group, messages.map(({ headers }) => Number(headers['id']))],
                );
              },
            }),
            inTransaction: (work) => withTransaction(pool, (client) => work(client)),
          }),
        );
      };
      const expectAllOnce = async (count: number) => {
        await settled();
        const letters = await contents(deadLetterTopic(names.topic), count / 10);
        const outputs = await contents(names.output, count - count / 10);
        const ids = [...outputs, ...letters].map(({ headers }) => Number(headers['id']));
        if (outputsOnce) assertNoDuplicateIds(ids);
        assertContiguousIds(ids, count);
        const written = await effectsOf(effects as Pool, names.group);
        assertNoDuplicateIds(written);
        assertContiguousIds(written, count);
        // Counts of dead letters are left out: those of a key grow all the same.
        for (const [, ofKey] of Map.groupBy(outputs, ({ key }) => key)) {
          const counts = new Map(ofKey.map(({ headers }) => [headers['id'], Number(headers['count'])]));
          const inOrder = [...counts.values()];
          expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
          expect(new Set(inOrder).size).toBe(inOrder.length);
        }
      };
      const some = (count: number) =>
        numbered(count).map((message, n) =>
          n % 10 === 9 ? { ...message, headers: { id: String(n), fate: 'dead' } } : message,
        );

      it.each(faults.filter((fault) => process.env['SDP_TEST_KILLS'] !== undefined || riskiest.includes(fault)))(
        'stores a batch as a whole or not at all when it is killed %s',
        async (fault) => {
          await freshTopics();
          await bus.publish(names.topic, some(60));
          const child = doomed(fault, 25);
          expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
          expect(await lag()).toBeGreaterThan(0n);
          await runWriting();
          await expectAllOnce(60);
        },
        40_000,
      );

      it('stores nothing of a batch whose partitions have gone to another while it stood still', async () => {
        await freshTopics();
        await bus.publish(names.topic, some(60));
        const child = doomed({ standStillMs: 2.2 * declaredDeadMs }, 25);
        const still = new Promise<void>((resolve) => child.on('message', (what) => what === 'still' && resolve()));
        await still;
        await runWriting();
        await expectAllOnce(60);
        // It comes back, tries to store what it had, and joins again.
        await sleep(1.2 * declaredDeadMs);
        await bus.publish(names.topic, some(100).slice(60));
        await expectAllOnce(100);
      }, 40_000);

      it('goes on with the right state after its connections were cut, and so does a tail', async (context) => {
        const { throughProxy } = under;
        if (throughProxy === undefined) return context.skip();
        const proxy = opens(await startTcpProxy({ port: throughProxy.target }, throughProxy.listen));
        await freshTopics();
        const cutOff = opens(openBus(throughProxy.address(proxy.port)));
        const shown: BusMessage[] = [];
        opens(await cutOff.tail(names.topic, (messages) => void shown.push(...messages)));
        await runCounting(cutOff);
        for (let round = 0; round < 6; round++) {
          await bus.publish(names.topic, numbered(20, 20 * round));
          if (round % 2 === 0) continue;
          proxy.cut();
          await bus.publish(names.topic, numbered(20, 120 + 20 * ((round - 1) / 2)));
          await sleep(round === 3 ? 1.3 * declaredDeadMs : 100);
          proxy.restore();
        }
        expectCounted(await contents(names.output, 180), 180);
        await eventually('the tail has seen all', () => shown.length >= 180);
        const ids = shown.map(({ headers }) => Number(headers['id']));
        assertNoDuplicateIds(ids);
        assertContiguousIds(ids, 180);
      }, 40_000);
    });
  });
}

/** Messages of a few keys; `id` says which. */
function numbered(count: number, from = 0): OutgoingMessage[] {
  return Array.from({ length: count }, (_, n) => ({
    key: `key-${(from + n) % 7}`,
    value: Buffer.from(`value ${from + n}`),
    headers: { id: String(from + n) },
  }));
}
