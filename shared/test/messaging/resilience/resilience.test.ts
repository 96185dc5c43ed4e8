import { UnavailableError } from '@sdp/shared/errors';
import { describe, expect, test, vi } from 'vitest';
import { eventually } from '../../../../server/test/bus/eventually.ts';
import { ReplayWindow } from '../../../src/messaging/consumer/replay-window.ts';
import { HandlerGuard, RetryBudget, StallWatchdog } from '../../../src/messaging/resilience/index.ts';

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
const away = async () => {
  throw new UnavailableError('database-unavailable');
};
const bad = async () => {
  throw new Error('bad');
};

describe('the guard of a handler', () => {
  test('opens the circuit for failures of the surroundings, and closes it when one goes well', async () => {
    const guard = new HandlerGuard({ breaker: { failures: 2, openMs: 30 } });
    for (let i = 0; i < 5; i++) expect(await codeOf(guard.run(1, bad))).toBe('bad');
    expect(guard.circuit).toBe('closed');
    for (let i = 0; i < 2; i++) expect(await codeOf(guard.run(1, away))).toBe('database-unavailable');
    expect(guard.circuit).toBe('open');
    let calls = 0;
    expect(await codeOf(guard.run(1, async () => calls++))).toBe('handler-unavailable');
    expect(calls).toBe(0);
    await eventually('it is tried again', async () => (await codeOf(guard.run(1, async () => calls++))) === 'done');
    expect(guard.circuit).toBe('closed');
  });

  test('hears of every failure, also of those that began while all was well', async () => {
    const guard = new HandlerGuard({ breaker: { failures: 3, openMs: 60_000 } });
    const fail = () => Promise.reject(new UnavailableError('database-unavailable'));
    await Promise.allSettled([guard.run(1, fail), guard.run(1, fail)]);
    expect(guard.circuit).toBe('closed');
    await guard.run(1, async () => undefined);
    await Promise.allSettled([guard.run(1, fail), guard.run(1, fail)]);
    expect(guard.circuit).toBe('closed');
    await Promise.allSettled([guard.run(1, fail)]);
    expect(guard.circuit).toBe('open');
    await expect(guard.run(1, async () => undefined)).rejects.toMatchObject({ code: 'handler-unavailable' });
  });

  test('runs no more handlers at once than it may', async () => {
    const guard = new HandlerGuard({ maxConcurrent: 3 });
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((done) => setImmediate(done));
      running--;
    };
    await Promise.all(Array.from({ length: 20 }, () => guard.run(1, work)));
    expect(most).toBe(3);
  });

  test('lets retries through only as far as their budget goes', async () => {
    const guard = new HandlerGuard({ retryBudget: { share: 0.5, perSecond: 0, burst: 2 } });
    const codes: string[] = [];
    for (let i = 0; i < 4; i++) codes.push(await codeOf(guard.run(2, bad)));
    expect(codes).toEqual(['bad', 'bad', 'handler-unavailable', 'handler-unavailable']);
    for (let i = 0; i < 2; i++) await guard.run(1, async () => undefined);
    expect(await codeOf(guard.run(2, bad))).toBe('bad');
    expect(await codeOf(guard.run(2, bad))).toBe('handler-unavailable');
  });
});

test('an open circuit spends no retries', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    const budget = { share: 0, perSecond: 0, burst: 3 };
    const guard = new HandlerGuard({ retryBudget: budget, breaker: { failures: 1, openMs: 1_000 } });
    await codeOf(guard.run(1, away));
    for (let i = 0; i < 20; i++) expect(await codeOf(guard.run(2, bad))).toBe('handler-unavailable');
    vi.setSystemTime(Date.now() + 1_000);
    expect(await codeOf(guard.run(1, async () => undefined))).toBe('done');
    const codes: string[] = [];
    for (let i = 0; i < 4; i++) codes.push(await codeOf(guard.run(2, bad)));
    expect(codes).toEqual(['bad', 'bad', 'bad', 'handler-unavailable']);
  } finally {
    vi.useRealTimers();
  }
});

describe('a retry budget', () => {
  test('fills with time and work, up to its bound', () => {
    let now = 0;
    const budget = new RetryBudget({ share: 0.1, perSecond: 2, burst: 3 }, () => now);
    const taken = () => {
      let count = 0;
      while (budget.take()) count++;
      return count;
    };
    expect(taken()).toBe(3);
    now = 1_000;
    expect(taken()).toBe(2);
    for (let i = 0; i < 11; i++) budget.earn();
    expect(taken()).toBe(1);
    now = 1_000_000;
    expect(taken()).toBe(3);
  });
});

describe('the window of applied events', () => {
  const seen = (offset: number, partition = 0) => ({ digest: 'd'.repeat(32), partition, offset: BigInt(offset) });

  test('forgets an event when its copies would be stale, by its partition’s own clock', () => {
    const window = new ReplayWindow({ maxEvents: 100, horizonMs: 1_000 });
    window.remember('a', seen(0), 0, 0);
    window.remember('b', seen(1), 900, 900);
    window.remember('elsewhere', seen(0, 1), 50_000, 50_000);
    expect(window.find('a')).toMatchObject(seen(0));
    window.remember('c', seen(2), 1_500, 1_500);
    expect(window.find('a')).toBeUndefined();
    expect(window.find('b')).toMatchObject(seen(1));
    expect(window.overflows).toBe(0);
  });

  test('holds no more than it may, and counts what it had to forget before its time', () => {
    const window = new ReplayWindow({ maxEvents: 10, horizonMs: 1_000_000 });
    for (let i = 0; i < 25; i++) window.remember(`event-${i}`, seen(i), i, i);
    expect(window.find('event-14')).toBeUndefined();
    expect(window.find('event-15')).toBeDefined();
    expect(window.overflows).toBe(15);
  });
});

describe('a stall watchdog', () => {
  const watch = (looks: number) => {
    const state = { lag: 0n, moved: false, away: false, stalls: 0 };
    const watchdog = new StallWatchdog(
      {
        bus: {
          lag: async () => {
            if (state.away) throw new UnavailableError('bus-unavailable');
            return [{ partition: 0, lag: state.lag, end: state.lag, settled: 0n }];
          },
        },
        topic: 't',
        group: 'g',
        hasMoved: () => state.moved,
        onLag: () => undefined,
        onStall: async () => void state.stalls++,
      },
      { intervalMs: 1_000_000, looks },
    );
    const look = async (lag: bigint, more: Partial<typeof state> = {}) => {
      Object.assign(state, { lag, moved: false, away: false }, more);
      await watchdog.look();
      return state.stalls;
    };
    return { look, watchdog };
  };

  test('calls it a stall when messages wait and nothing moves, several looks in a row', async () => {
    const { look, watchdog } = watch(2);
    expect([await look(5n), await look(5n), await look(6n)]).toEqual([0, 0, 1]);
    // Begins to count anew.
    expect([await look(6n), await look(7n)]).toEqual([1, 2]);
    watchdog.close();
  });

  test('calls it none when the lag falls, this consumer works, nothing waits or the bus is away', async () => {
    const { look, watchdog } = watch(2);
    for (const lag of [9n, 8n, 7n, 6n, 5n]) expect(await look(lag)).toBe(0);
    for (let i = 0; i < 5; i++) expect(await look(9n, { moved: true })).toBe(0);
    for (let i = 0; i < 5; i++) expect(await look(0n)).toBe(0);
    for (let i = 0; i < 5; i++) expect(await look(9n, { away: i % 2 === 0 })).toBe(0);
    watchdog.close();
  });
});
