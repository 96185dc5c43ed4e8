import { describe, expect, it } from 'vitest';
import { latencyBoundsMs, latencyBucket, latencyQuantile, slowerThan } from '../../../src/models/usage/histograms.ts';
import { noUsage, type Usage, UsageRecorder } from '../../../src/models/usage/usage-recorder.ts';
import { rollbackCause } from '../../../src/models/watch/rollback-rules.ts';

const bounds = { minSample: 200, errorRate: 0.01, latencyFactor: 3, latencyFloorMs: 20 };

function usage({ calls = 100, perCall = 10, failed = 0, failedCalls = -1, ms = 2 }): Usage {
  const recorder = new UsageRecorder();
  for (let call = 0; call < calls; call++) {
    recorder.called(
      { generation: 1, arm: 'champion', version: 'v' },
      {
        ms,
        attempted: perCall,
        scored: Array.from({ length: perCall }, () => ({ score: 0.5, decision: 'APPROVE' as const })),
      },
    );
  }
  const [taken] = recorder.take();
  return { ...(taken?.usage ?? noUsage()), failed, failedCalls: failedCalls < 0 ? failed : failedCalls };
}

describe('a new model is taken back', () => {
  it.each([
    ['for errors that none had before', usage({ failed: 50 }), usage({}), 'errors'],
    ['for errors without figures from before', usage({ failed: 50 }), undefined, 'errors'],
    [
      'for errors, whatever few figures there are from before',
      usage({ failed: 50 }),
      usage({ calls: 1, failed: 10 }),
      'errors',
    ],
    ['for calls three times as slow', usage({ ms: 100 }), usage({ ms: 20 }), 'latency'],
    ['for calls that are slow without figures from before', usage({ ms: 100 }), undefined, 'latency'],
  ])('%s', (_, now, before, cause) => {
    expect(rollbackCause(now, before, bounds)).toBe(cause);
  });

  it.each([
    ['for nothing', usage({}), usage({})],
    ['for as many errors as before', usage({ failed: 50 }), usage({ failed: 50 })],
    ['for errors within the bound', usage({ calls: 1_000, failed: 20 }), usage({ calls: 1_000 })],
    ['for errors that chance explains', usage({ calls: 30, failed: 5 }), usage({ calls: 30 })],
    ['for one call that failed as a whole', usage({ failed: 10, failedCalls: 1, calls: 20 }), usage({})],
    ['before there is a sample', usage({ calls: 19, failed: 190 }), usage({})],
    ['for slow calls before there is a sample', usage({ calls: 40, ms: 500 }), usage({})],
    ['for calls slower than before and still fast', usage({ ms: 15 }), usage({ ms: 1 })],
    ['for being as slow as before', usage({ ms: 200 }), usage({ ms: 190 })],
  ])('not %s', (_, now, before) => {
    expect(rollbackCause(now, before, bounds)).toBeUndefined();
  });

  it('only if more than one call in twenty is slow', () => {
    const mixed = (slow: number) => {
      const now = usage({ calls: 1_000 });
      const bucket = latencyBucket(400);
      now.latencies[bucket] = slow;
      now.latencies[latencyBucket(2)] = 1_000 - slow;
      return now;
    };
    expect(rollbackCause(mixed(40), usage({}), bounds)).toBeUndefined();
    expect(rollbackCause(mixed(80), usage({}), bounds)).toBe('latency');
  });
});

describe('histograms of durations', () => {
  it('put each value where its bounds say', () => {
    for (const ms of [0, 0.05, 0.1, 0.11, 1, 7.3, 250, 3_500, 4_000, 1e9, ...latencyBoundsMs]) {
      const bucket = latencyBucket(ms);
      expect(ms).toBeLessThanOrEqual((latencyBoundsMs[bucket] ?? Number.POSITIVE_INFINITY) * (1 + 1e-9));
      expect(ms).toBeGreaterThanOrEqual((latencyBoundsMs[bucket - 1] ?? 0) * (1 - 1e-9));
    }
  });

  it('give quantiles and counts beyond a bound that never claim too much', () => {
    const counts = noUsage().latencies;
    for (let ms = 1; ms <= 100; ms++) {
      const bucket = latencyBucket(ms);
      counts[bucket] = (counts[bucket] ?? 0) + 1;
    }
    const p95 = latencyQuantile(counts, 0.95) ?? 0;
    expect(p95).toBeGreaterThanOrEqual(95);
    expect(p95).toBeLessThan(95 * 1.26);
    expect(slowerThan(counts, 50)).toBeLessThanOrEqual(50);
    expect(slowerThan(counts, 50)).toBeGreaterThan(30);
    expect(slowerThan(counts, 0)).toBe(100);
    expect(latencyQuantile(noUsage().latencies, 0.5)).toBeUndefined();
  });
});
