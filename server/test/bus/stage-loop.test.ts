import type { BusMessage, StageOptions, StageResult } from '@sdp/shared/messaging';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBus } from '../../../test/support/memory-bus.ts';
import { eventually, gate } from './eventually.ts';

let bus: MemoryBus;
const textOf = ({ value }: BusMessage) => Buffer.from(value).toString('utf8');
const put = (topic: string, texts: readonly string[]) =>
  bus.publish(
    topic,
    texts.map((text) => ({ key: text, value: Buffer.from(text) })),
  );
const texts = (topic: string) => bus.messages(topic).flat().map(textOf).sort();
const echo = (messages: readonly BusMessage[]): StageResult => ({
  outputs: [{ topic: 'out', messages: messages.map(({ key, value }) => ({ key, value })) }],
});
const run = (options: Partial<StageOptions>) =>
  bus.runStage({ topic: 'in', group: 'g', handler: async ({ messages }) => echo(messages), ...options });

beforeEach(async () => {
  bus = new MemoryBus();
  await bus.ensureTopic('in', 3);
  await bus.ensureTopic('out', 3);
});
afterEach(() => bus.close());

describe('a loop over the partitions of a stage', () => {
  it('takes all that waits as one batch, up to its bounds, and starves no partition', async () => {
    const sizes: number[] = [];
    const partitions = new Set<number>();
    await put(
      'in',
      Array.from({ length: 50 }, (_, n) => `m${n}`),
    );
    await run({
      maxBatchMessages: 20,
      handler: async ({ messages }) => {
        sizes.push(messages.length);
        if (sizes.length <= 3) for (const { partition } of messages) partitions.add(partition);
        return echo(messages);
      },
    });
    await eventually('all are through', () => texts('out').length === 50);
    expect(sizes).toEqual([20, 20, 10]);
    expect(partitions.size).toBe(3);
    expect((await bus.lag('in', 'g')).map(({ lag }) => lag)).toEqual([0n, 0n, 0n]);
  });

  it('bounds a batch in bytes, and lets one message through that is larger', async () => {
    const sizes: number[] = [];
    await bus.ensureTopic('one', 1);
    await put('one', ['x'.repeat(30), 'y'.repeat(6), 'z'.repeat(6)]);
    await run({
      topic: 'one',
      maxBufferedBytes: 10,
      handler: async ({ messages }) => {
        sizes.push(messages.length);
        return echo(messages);
      },
    });
    await eventually('all are through', () => texts('out').length === 3);
    expect(sizes).toEqual([1, 2]);
  });

  it('hands the same batch out again when the handler throws, and rebuilds no state for it', async () => {
    const seen: string[] = [];
    const assigned: number[] = [];
    await put('in', ['a', 'b']);
    await run({
      onAssigned: async ({ partition }) => void assigned.push(partition),
      handler: async ({ messages }) => {
        seen.push(messages.map(textOf).sort().join());
        if (seen.length < 4) throw new Error('not yet');
        return echo(messages);
      },
    });
    await eventually('all are through', () => texts('out').length === 2);
    expect(new Set(seen)).toEqual(new Set(['a,b']));
    expect(assigned.sort()).toEqual([0, 1, 2]);
  });

  it('has state built again when a batch was handled and could not be stored', async () => {
    await bus.ensureTopic('one', 1);
    await put('one', ['a']);
    const log: string[] = [];
    await run({
      topic: 'one',
      onAssigned: async ({ nextOffset, read }) => {
        const settled: string[] = [];
        for await (const messages of read(0n)) settled.push(...messages.map(textOf));
        log.push(`assigned ${nextOffset}: ${settled.join('')}`);
      },
      onRevoked: (partition) => void log.push(`revoked ${partition}`),
      handler: async ({ messages }) => {
        log.push(`handled ${messages.map(textOf).join('')}`);
        return echo(messages);
      },
    });
    await eventually('the first is through', () => texts('out').length === 1);
    let failures = 0;
    bus.storeFails = () => (failures++ < 2 ? new Error('away') : undefined);
    await put('one', ['b']);
    await eventually('both are through', () => texts('out').length === 2);
    await bus.close();
    const again = ['handled b', 'revoked 0', 'assigned 1: a'];
    expect(log).toEqual(['assigned 0: ', 'handled a', ...again, ...again, 'handled b', 'revoked 0']);
  });

  it('works on other partitions while the state of one is being built, and builds it until it is', async () => {
    await bus.ensureTopic('two', 2);
    bus.append('two', { key: 'slow', value: Buffer.from('slow') }, 0);
    bus.append('two', { key: 'fast', value: Buffer.from('fast') }, 1);
    const built = gate();
    let attempts = 0;
    const revoked: number[] = [];
    await run({
      topic: 'two',
      onAssigned: async ({ partition }) => {
        if (partition === 1) return;
        if (attempts++ < 2) throw new Error('not yet');
        await built.opened;
      },
      onRevoked: (partition) => void revoked.push(partition),
    });
    await eventually('the other is through', () => texts('out').length === 1);
    expect(texts('out')).toEqual(['fast']);
    built.open();
    await eventually('both are through', () => texts('out').length === 2);
    expect({ attempts, revoked }).toEqual({ attempts: 3, revoked: [0, 0] });
  });

  it('waits for the batch in hand when it closes, and aborts it after the deadline', async () => {
    await put('in', ['a']);
    const begun = gate();
    const go = gate();
    const patient = await run({
      handler: async ({ messages }) => {
        begun.open();
        await go.opened;
        return echo(messages);
      },
    });
    await begun.opened;
    const closed = patient.close();
    go.open();
    await closed;
    expect(texts('out')).toEqual(['a']);
    await put('in', ['b']);
    const second = gate();
    let reason: unknown;
    const impatient = await run({
      handler: ({ signal }) =>
        new Promise((_, reject) => {
          second.open();
          signal.addEventListener('abort', () => {
            reason = 'aborted';
            reject(new Error('given up'));
          });
        }),
    });
    await second.opened;
    await impatient.close(1);
    expect(reason).toBe('aborted');
    expect(texts('out')).toEqual(['a']);
    expect((await bus.lag('in', 'g')).reduce((sum, { lag }) => sum + lag, 0n)).toBe(1n);
  });

  it('closes between two attempts at a batch that fails without end', async () => {
    await put('in', ['a']);
    const failed = gate();
    const stage = await run({
      handler: async () => {
        failed.open();
        throw new Error('never');
      },
    });
    await failed.opened;
    await stage.close();
    expect(texts('out')).toEqual([]);
  });
});
