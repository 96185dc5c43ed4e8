import { describe, expect, it } from 'vitest';
import { type PublishCall, PublishQueue } from '../../src/bus/publish-queue.ts';
import { gate } from './eventually.ts';

const message = (id: string, bytes = 1) => ({ key: id, value: Buffer.alloc(bytes) });
const keysOf = (calls: readonly PublishCall[]) => calls.map(({ messages }) => messages.map(({ key }) => key).join('+'));

describe('the publish queue', () => {
  it('sends one flush at a time and gathers what comes meanwhile', async () => {
    const flushes: string[][] = [];
    const gates = [gate(), gate()];
    const queue = new PublishQueue(async (calls) => {
      flushes.push(keysOf(calls));
      await gates[flushes.length - 1]?.opened;
    });
    const first = queue.publish('t', [message('a'), message('b')]);
    await Promise.resolve();
    await Promise.resolve();
    const second = queue.publish('t', [message('c')]);
    const third = queue.publish('u', [message('d')]);
    expect(flushes).toEqual([['a+b']]);
    gates[0]?.open();
    await first;
    gates[1]?.open();
    await Promise.all([second, third]);
    expect(flushes).toEqual([['a+b'], ['c', 'd']]);
  });

  it('fails only the call that cannot be sent', async () => {
    const sent: string[] = [];
    const queue = new PublishQueue(async (calls) => {
      if (keysOf(calls).includes('bad')) throw new Error('cannot be sent');
      sent.push(...keysOf(calls));
    });
    const results = await Promise.allSettled(['a', 'bad', 'c'].map((id) => queue.publish('t', [message(id)])));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(sent).toEqual(['a', 'c']);
  });

  it('bounds the bytes of a flush but never splits a call', async () => {
    const flushes: string[][] = [];
    const queue = new PublishQueue(async (calls) => void flushes.push(keysOf(calls)));
    const fiveMiB = 5 * 1024 * 1024;
    await Promise.all([
      queue.publish('t', [message('a', fiveMiB), message('b', fiveMiB)]),
      queue.publish('t', [message('c', fiveMiB)]),
      queue.publish('t', [message('d')]),
    ]);
    expect(flushes).toEqual([['a+b'], ['c', 'd']]);
  });

  it('is drained when everything is out, and has nothing to do for no messages', async () => {
    let flushed = 0;
    const queue = new PublishQueue(async () => void flushed++);
    await queue.publish('t', []);
    expect(flushed).toBe(0);
    void queue.publish('t', [message('a')]);
    await queue.drained();
    expect(flushed).toBe(1);
  });
});
