import { setImmediate as turn } from 'node:timers/promises';
import { UnavailableError } from '@sdp/shared/errors';
import type { MessageHandler } from '@sdp/shared/messaging';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { PartitionWorker } from '../../src/bus/partition-worker.ts';
import { eventually, gate } from './eventually.ts';
import { FakePartition } from './fake-partition.ts';

const transaction = { query: async () => ({ rowCount: 1, rows: [] }) };

function work(partition: FakePartition, handler: MessageHandler, keysInParallel = 4, maxAttempts = 2) {
  return new PartitionWorker(partition, {
    handler,
    retry: { maxAttempts, initialDelayMs: 1, maxDelayMs: 1 },
    logger: pino({ level: 'silent' }),
    onLost: () => undefined,
    keysInParallel,
    maxBytesInHand: 1_000_000,
  });
}

describe('a partition whose keys go beside one another', () => {
  it('keeps the order per key, stores no offset above a message that is not done, and ends with all done', async () => {
    const scenario = fc.record({
      count: fc.integer({ min: 1, max: 60 }),
      keys: fc.integer({ min: 1, max: 6 }),
      turns: fc.array(fc.nat(5), { minLength: 1, maxLength: 20 }),
      failing: fc.array(fc.nat(59), { maxLength: 5 }),
      settles: fc.boolean(),
      keysInParallel: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ count, keys, turns, failing, settles, keysInParallel }) => {
        const keyOf = (offset: number) => `key-${(offset * 7) % keys}`;
        const partition = new FakePartition(count, keyOf);
        partition.settles = settles;
        const done = new Set<number>();
        const seen = new Map<string, number[]>();
        let running = 0;
        const stored = () => [...partition.committed, ...partition.settledAt];
        const check = () => {
          for (const offset of stored()) {
            // A message that settles with its own effect counts as done.
            for (let below = 0; below < Number(offset) - 1; below++) expect(done.has(below)).toBe(true);
          }
        };
        const worker = work(
          partition,
          async ({ message, attempt, settleIn }) => {
            const offset = Number(message.offset);
            running++;
            expect(running).toBeLessThanOrEqual(keysInParallel);
            if (attempt === 1) seen.set(message.key, [...(seen.get(message.key) ?? []), offset]);
            for (let i = 0; i < (turns[offset % turns.length] ?? 0); i++) await turn();
            running--;
            if (failing.includes(offset)) {
              if (attempt === 2) done.add(offset);
              throw new Error('no');
            }
            await settleIn(transaction);
            done.add(offset);
            check();
          },
          keysInParallel,
        );
        await eventually('all are done', () => stored().some((offset) => offset === BigInt(count)));
        worker.stop();
        await worker.done;
        check();
        expect(done.size).toBe(count);
        expect(partition.buried).toHaveLength(new Set(failing.filter((offset) => offset < count)).size);
        for (const offsets of seen.values()) expect(offsets).toEqual(offsets.toSorted((a, b) => a - b));
      }),
      { numRuns: 20 },
    );
  });

  it('lets others go on while keys are retried, more of them than handlers may run', async () => {
    const bad = ['key-0', 'key-1', 'key-2'];
    const partition = new FakePartition(60, (offset) => `key-${offset % 6}`);
    const handled: string[] = [];
    const worker = work(
      partition,
      async ({ message }) => {
        if (bad.includes(message.key)) throw new UnavailableError('database-unavailable');
        handled.push(message.key);
      },
      2,
    );
    await eventually('all good ones are handled', () => handled.length === 30);
    expect(partition.committed).toEqual([]);
    worker.abort();
    await worker.done;
    expect(partition.committed).toEqual([]);
  });

  it('takes only so many messages ahead of one that hangs', async () => {
    const release = gate();
    const partition = new FakePartition(10_000, (offset) => `key-${offset}`);
    let handled = 0;
    const worker = work(
      partition,
      async ({ message }) => {
        if (message.offset === 0n) await release.opened;
        handled++;
      },
      2,
    );
    await eventually('it has gone as far as it may', () => handled === 63);
    for (let i = 0; i < 50; i++) await turn();
    expect(handled).toBe(63);
    expect(partition.committed).toEqual([]);
    release.open();
    await eventually('it goes on', () => partition.committed.at(-1) === 10_000n);
    worker.stop();
    await worker.done;
  });

  it('begins nothing that waited for its key once it is stopped', async () => {
    const release = gate();
    const partition = new FakePartition(10);
    const handled: bigint[] = [];
    const worker = work(partition, async ({ message }) => {
      await release.opened;
      handled.push(message.offset);
    });
    for (let i = 0; i < 20; i++) await turn();
    worker.stop();
    release.open();
    await worker.done;
    expect(handled).toEqual([0n]);
    expect(partition.committed).toEqual([1n]);
  });
});
