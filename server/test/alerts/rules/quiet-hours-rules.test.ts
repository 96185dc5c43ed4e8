import { describe, expect, it } from 'vitest';
import { heldUntil, type QuietHours, quietUntil, weekdays } from '../../../src/alerts/rules/quiet-hours-rules.ts';

const night: QuietHours = {
  ...{ timeZone: 'Europe/Berlin', from: 22 * 60, to: 7 * 60, days: [...weekdays], passing: ['CRITICAL'] },
};
const until = (at: string, quiet: Partial<QuietHours> = {}) =>
  quietUntil({ ...night, ...quiet }, new Date(at))?.toISOString();

describe('quiet hours', () => {
  it.each([
    // Winter, UTC+1.
    ['2026-01-15T20:59:59Z', undefined],
    ['2026-01-15T21:00:00Z', '2026-01-16T06:00:00.000Z'],
    ['2026-01-16T05:59:59.999Z', '2026-01-16T06:00:00.000Z'],
    ['2026-01-16T06:00:00Z', undefined],
    // Summer, UTC+2.
    ['2026-07-15T20:00:00Z', '2026-07-16T05:00:00.000Z'],
    // The night in which an hour is left out, and the one that has one twice.
    ['2026-03-28T22:00:00Z', '2026-03-29T05:00:00.000Z'],
    ['2026-10-24T21:00:00Z', '2026-10-25T06:00:00.000Z'],
    ['2026-10-25T00:30:00Z', '2026-10-25T06:00:00.000Z'],
    ['2026-10-25T01:30:00Z', '2026-10-25T06:00:00.000Z'],
  ])('at %s: until %s', (at, expected) => {
    expect(until(at)).toBe(expected);
  });

  it('that begin in an hour that is left out begin at its end', () => {
    // 02:30 does not exist in Berlin that night; the clock goes from 02:00 to 03:00.
    const quiet = { from: 150, to: 240 };
    expect(until('2026-03-29T00:59:00Z', quiet)).toBeUndefined();
    expect(until('2026-03-29T01:30:00Z', quiet)).toBe('2026-03-29T02:00:00.000Z');
  });

  it('belong to the day on which they begin', () => {
    // Friday 2026-01-16.
    const quiet = { days: ['fri'] as const };
    expect(until('2026-01-16T05:00:00Z', quiet)).toBeUndefined();
    expect(until('2026-01-16T22:00:00Z', quiet)).toBe('2026-01-17T06:00:00.000Z');
    expect(until('2026-01-17T05:00:00Z', quiet)).toBe('2026-01-17T06:00:00.000Z');
    expect(until('2026-01-17T22:00:00Z', quiet)).toBeUndefined();
  });

  it('agree with the clock on the wall, in any zone and at any time', () => {
    const from = 9 * 60 + 30;
    const to = 17 * 60 + 45;
    for (const timeZone of ['America/St_Johns', 'Asia/Kathmandu', 'Australia/Lord_Howe', 'Pacific/Apia', 'UTC']) {
      const clock = new Intl.DateTimeFormat('en-GB', {
        timeZone,
        hour: '2-digit',
        minute: '2-digit',
        hourCycle: 'h23',
      });
      for (let at = Date.UTC(2026, 0, 1); at < Date.UTC(2027, 0, 1); at += 7 * 3_600_000 + 60_000 * 13) {
        const [hour = 0, minute = 0] = clock.format(at).split(':').map(Number);
        const isQuiet = hour * 60 + minute >= from && hour * 60 + minute < to;
        expect([timeZone, at, quietUntil({ ...night, timeZone, from, to }, new Date(at)) !== undefined]).toEqual([
          ...[timeZone, at, isQuiet],
        ]);
      }
    }
  });

  it('let through the levels that pass', () => {
    const at = new Date('2026-01-15T23:00:00Z');
    expect(heldUntil(night, 'CRITICAL', at)).toBeUndefined();
    expect(heldUntil(night, 'ERROR', at)?.toISOString()).toBe('2026-01-16T06:00:00.000Z');
    expect(heldUntil(undefined, 'INFO', at)).toBeUndefined();
  });
});
