import { UnavailableError } from '@sdp/shared/errors';
import { PoisonError } from '@sdp/shared/messaging';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { attemptDivided } from '../../../src/messaging/stage/divided-attempts.ts';

interface Message {
  readonly key: string;
  readonly n: number;
  /** Attempts alone that fail before one succeeds. */
  readonly failures: number;
}

const retry = { maxAttempts: 3, initialDelayMs: 0, maxDelayMs: 0 };
const never = new AbortController().signal;
const batches = fc
  .array(fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd'), failures: fc.constantFrom(0, 0, 0, 0, 1, 2, 3, 9) }), {
    maxLength: 60,
  })
  .map((messages) => messages.map((message, n): Message => ({ ...message, n })));

/** Fails as long as one of the messages does. */
function handler() {
  const failed = new Map<number, number>();
  return async (messages: readonly Message[]) => {
    const [only] = messages;
    const bad = messages.find(({ n, failures }) => (failed.get(n) ?? 0) < failures);
    if (bad === undefined) return messages;
    if (only !== undefined && messages.length === 1) failed.set(only.n, (failed.get(only.n) ?? 0) + 1);
    throw new Error('no');
  };
}

test('each message is handled or given up, once, in order for each key, whoever fails', async () => {
  await fc.assert(
    fc.asyncProperty(batches, async (messages) => {
      const { works, failed } = await attemptDivided(
        messages,
        { handle: handler(), retry, onRetry: () => undefined },
        never,
      );
      const handled = works.flat();
      const all = [...handled, ...failed.map(({ message }) => message)];
      expect(all.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(messages.map(({ n }) => n));
      expect(failed.every(({ message, reason }) => message.failures >= 3 && reason.attempts === 3)).toBe(true);
      expect(handled.every(({ failures }) => failures < 3)).toBe(true);
      for (const [, own] of Map.groupBy(handled, ({ key }) => key)) {
        expect(own.map(({ n }) => n)).toEqual(own.map(({ n }) => n).toSorted((a, b) => a - b));
      }
    }),
  );
});

test('a key that fails waits for its retries alone: all others are handled before the second attempt', async () => {
  const messages = Array.from({ length: 100 }, (_, n) => ({ key: `${n % 10}`, n, failures: n === 40 ? 9 : 0 }));
  const handledBefore: number[] = [];
  const inner = handler();
  let handled = 0;
  await attemptDivided(
    messages,
    {
      handle: async (part) => {
        const done = await inner(part);
        handled += done.length;
        return done;
      },
      retry,
      onRetry: () => void handledBefore.push(handled),
    },
    never,
  );
  // 100 without the one and those of its key behind it.
  expect(handledBefore[0]).toBe(94);
  expect(handled).toBe(99);
});

test('a message that says so is given up at once', async () => {
  const messages = [
    { key: 'a', n: 0, failures: 0 },
    { key: 'b', n: 1, failures: 0 },
  ];
  const handle = async (part: readonly Message[]) => {
    if (part.some(({ n }) => n === 1)) throw new PoisonError('not-found');
    return part;
  };
  const { failed } = await attemptDivided(messages, { handle, retry, onRetry: () => undefined }, never);
  expect(failed).toEqual([{ message: messages[1], reason: { code: 'not-found', attempts: 1 } }]);
});

test('what speaks of the surroundings is thrown, whenever it comes', async () => {
  const messages = Array.from({ length: 4 }, (_, n) => ({ key: `${n}`, n, failures: 0 }));
  const handle = async (part: readonly Message[]) => {
    if (part.length === 1) throw new UnavailableError('database-unavailable');
    throw new Error('no');
  };
  await expect(attemptDivided(messages, { handle, retry, onRetry: () => undefined }, never)).rejects.toThrow(
    UnavailableError,
  );
});

test('an aborted batch is given up without blaming anybody', async () => {
  const aborting = new AbortController();
  const handle = async () => {
    aborting.abort();
    throw new Error('aborted');
  };
  const messages = [{ key: 'a', n: 0, failures: 0 }];
  await expect(attemptDivided(messages, { handle, retry, onRetry: () => undefined }, aborting.signal)).rejects.toThrow(
    'aborted',
  );
});
