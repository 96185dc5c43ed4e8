import { describe, expect, it } from 'vitest';
import { outcomeOfStatus, retryAfterMs, retryDelayMs } from '../../../src/alerts/rules/retry-rules.ts';

const now = new Date('2026-03-01T10:00:00Z');

describe('a receiver that asks to wait', () => {
  it.each([
    [{}, '{"retry_after": 1.25, "global": false}', 1_250],
    [{ 'retry-after': '3' }, '', 3_000],
    [{ 'retry-after': 'Sun, 01 Mar 2026 10:00:30 GMT' }, '', 30_000],
    [{ 'retry-after': '1', 'x-ratelimit-reset-after': '2.5' }, '{"retry_after": 0.3}', 2_500],
    [{ 'retry-after': 'soon' }, '<html>', undefined],
    [{}, '{"retry_after": "x"}', undefined],
    [{ date: 'Sun, 01 Mar 2026 08:00:00 GMT', 'retry-after': 'Sun, 01 Mar 2026 08:00:07 GMT' }, '', 7_000],
    [{ 'x-ratelimit-global': 'true', 'retry-after': '65' }, '{"retry_after": 64.57, "global": true}', 65_000],
    [{ 'retry-after': 'Sun, 01 Mar 2026 09:00:00 GMT' }, 'null', undefined],
  ])('%j %s: %s', (headers, body, expected) => {
    expect(retryAfterMs(headers, body, now)).toBe(expected);
  });

  it('is never asked earlier, and not left alone for ever', () => {
    expect(retryDelayMs(1, 0, 7_000)).toBe(7_000);
    expect(retryDelayMs(1, 0.5, 1e12)).toBe(3_600_000);
  });
});

describe('delays', () => {
  it('grow up to a bound, with full jitter', () => {
    expect([1, 2, 3, 10, 11, 1_000].map((failures) => retryDelayMs(failures, 1))).toEqual([
      ...[500, 1_000, 2_000, 256_000, 300_000, 300_000],
    ]);
    expect(retryDelayMs(5, 0)).toBe(0);
  });
});

describe('the status of an answer', () => {
  it.each([
    [200, 'sent'],
    [204, 'sent'],
    [301, 'refused'],
    [307, 'refused'],
    [400, 'refused'],
    [401, 'refused'],
    [404, 'refused'],
    [408, 'retry'],
    [413, 'refused'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
    [599, 'retry'],
  ])('%d: %s', (status, kind) => {
    expect(outcomeOfStatus(status, {}, '', now).kind).toBe(kind);
  });
});
