import type { MessageHandler } from '@sdp/shared/messaging';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { PartitionWorker } from '../../src/bus/partition-worker.ts';
import { eventually, gate } from './eventually.ts';
import { FakePartition } from './fake-partition.ts';

const retry = { maxAttempts: 2, initialDelayMs: 1, maxDelayMs: 2 };

function work(partition: FakePartition, handler: MessageHandler) {
  const lost: string[] = [];
  const worker = new PartitionWorker(partition, {
    handler,
    retry,
    logger: pino({ level: 'silent' }),
    onLost: () => lost.push('lost'),
    keysInParallel: 1,
    maxBytesInHand: 1_000_000,
  });
  return { worker, lost };
}

describe('a partition worker', () => {
  it('commits behind the handler, the latest offset last, also when the bus is away for a while', async () => {
    const partition = new FakePartition(10);
    partition.commitFails = 2;
    const { worker } = work(partition, async () => undefined);
    await eventually('the last offset is committed', () => partition.committed.at(-1) === 10n);
    expect(partition.committed).toEqual(partition.committed.toSorted((a, b) => Number(a - b)));
    worker.stop();
    await worker.done;
  });

  it('commits nothing that the handler has settled itself', async () => {
    const partition = new FakePartition(3);
    partition.settles = true;
    let handled = 0;
    const { worker } = work(partition, async ({ settleIn }) => {
      await settleIn({ query: async () => ({ rowCount: 1, rows: [] }) });
      handled++;
    });
    await eventually('all are handled', () => handled === 3);
    worker.stop();
    await worker.done;
    expect(partition.committed).toEqual([]);
  });

  it('finishes the message in hand and its commit when it is stopped', async () => {
    const partition = new FakePartition(5);
    const begun = gate();
    const release = gate();
    const { worker } = work(partition, async () => {
      begun.open();
      await release.opened;
    });
    await begun.opened;
    worker.stop();
    release.open();
    await worker.done;
    expect(partition.committed).toEqual([1n]);
  });

  it('commits nothing once the partition is lost, and says so once', async () => {
    const partition = new FakePartition(100);
    partition.ours = false;
    const { worker, lost } = work(partition, async () => undefined);
    await worker.done;
    expect(lost).toEqual(['lost']);
    expect(partition.committed).toEqual([]);
  });

  it('aborts the message in hand when the partition is lost, and leaves it uncommitted', async () => {
    const partition = new FakePartition(1);
    const begun = gate();
    const { worker } = work(partition, async ({ signal }) => {
      begun.open();
      await new Promise((done) => signal.addEventListener('abort', done, { once: true }));
    });
    await begun.opened;
    worker.lose();
    await worker.done;
    expect(partition.committed).toEqual([]);
    expect(partition.buried).toEqual([]);
  });

  it('keeps trying to write a dead letter, and goes on behind it', async () => {
    const partition = new FakePartition(2);
    partition.buryFails = 2;
    const { worker } = work(partition, async ({ message }) => {
      if (message.offset === 0n) throw new Error('no');
    });
    await eventually('both are committed', () => partition.committed.at(-1) === 2n);
    expect(partition.buried).toEqual([{ code: 'internal', attempts: 2 }]);
    worker.stop();
    await worker.done;
  });

  it('takes no message while it is quiet, and goes on afterwards', async () => {
    const partition = new FakePartition(1_000);
    const handled: bigint[] = [];
    const { worker } = work(partition, async ({ message }) => {
      handled.push(message.offset);
      await new Promise((done) => setImmediate(done));
    });
    await eventually('it works', () => handled.length > 3);
    await worker.quiesce();
    const sofar = handled.length;
    expect(partition.committed.at(-1)).toBe(BigInt(sofar));
    for (let turn = 0; turn < 20; turn++) await new Promise((done) => setImmediate(done));
    expect(handled).toHaveLength(sofar);
    worker.resume();
    await eventually('it goes on', () => handled.length > sofar);
    worker.stop();
    await worker.done;
  });
});
