import type { TopicLag } from '@sdp/shared/messaging';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AbsenceClock } from '../../../src/analysis/stages/absence-clock.ts';

const second = 1_000;

const lagsOf = (text: string) =>
  text.split(' ').map((each) => each.split('/').map(BigInt) as [settled: bigint, end: bigint]);

describe('AbsenceClock', () => {
  const lags = new Map<string, [settled: bigint, end: bigint][]>();
  let advanced: [partition: number, seconds: number, readTo: bigint][];
  let startedAt: number;
  let clock: AbsenceClock;

  beforeEach(() => {
    vi.useFakeTimers();
    startedAt = Date.now();
    advanced = [];
    lags.clear();
    clock = new AbsenceClock({
      bus: {
        lag: async (topic) =>
          (lags.get(topic) ?? []).map(
            ([settled, end], partition): TopicLag => ({ partition, settled, end, lag: end - settled }),
          ),
      },
      stages: [
        {
          ...{ topic: 'facts', group: 'judges', behind: [{ topic: 'logs', group: 'watchers' }] },
          waitingForTime: () => [0, 1],
          advance: async (partition, clockMs, readTo) => {
            if (clockMs > 0) advanced.push([partition, (clockMs - startedAt) / second, readTo]);
          },
        },
      ],
      logger: { warn: () => undefined },
      everyMs: 1_000_000,
    });
  });
  afterEach(async () => {
    await clock.close();
    vi.useRealTimers();
  });

  /** @param logs `settled/end` of each partition, as those of the facts */
  const tick = async (atSeconds: number, logs: string, facts: string) => {
    vi.setSystemTime(startedAt + atSeconds * second);
    lags.set('logs', lagsOf(logs));
    lags.set('facts', lagsOf(facts));
    advanced = [];
    await clock.tick();
    return advanced;
  };

  it('goes as far as all have been worked off, however far behind that is', async () => {
    // Nothing waits: all that came before a margin of five seconds is judged.
    expect(await tick(100, '10/10 5/5', '3/3 0/0')).toEqual([
      [0, 95, 3n],
      [1, 95, 0n],
    ]);
    // One partition of logs falls behind, and stays so while the clock goes on.
    expect(await tick(200, '10/20 90/90', '40/40 9/9')).toEqual([
      [0, 95, 3n],
      [1, 95, 0n],
    ]);
    expect(await tick(800, '19/99 700/700', '300/300 9/9')).toEqual([
      [0, 95, 3n],
      [1, 95, 0n],
    ]);
    // It is where all stood at 200 s; what it sent since then has to be judged as well.
    expect(await tick(802, '20/99 700/700', '300/310 9/9')).toEqual([
      [0, 95, 3n],
      [1, 195, 9n],
    ]);
    expect(await tick(804, '20/99 700/701', '310/320 9/9')).toEqual([
      [0, 195, 310n],
      [1, 195, 9n],
    ]);
    expect(await tick(900, '99/99 701/701', '320/320 9/9')).toEqual([
      [0, 895, 320n],
      [1, 895, 9n],
    ]);
  });

  it('goes on under a load that never ends', async () => {
    for (let n = 0; n < 500; n += 1) {
      const lag = `${n * 10}/${n * 10 + 30}`;
      const [first] = await tick(n * 2, lag, lag);
      // Six looks or so behind, of two seconds each.
      if (n > 70) expect(first?.[1]).toBeGreaterThanOrEqual(n * 2 - 5 - 14);
    }
  });
});
