import { type DateShiftOptions, type DateStyle, dateShift, shiftDays } from '@sdp/shared/tokenization';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const dayMs = 86_400_000;
const day = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T00:00:00Z'),
  noInvalidDate: true,
});
const two = (value: number) => String(value).padStart(2, '0');

/** Ways of writing a date, told by the platform's own calendar, with the style that reads them. */
const formats: Record<string, { style: DateStyle; write: (y: string, m: number, d: number) => string }> = {
  '2024-02-29': { style: {}, write: (y, m, d) => `${y}-${two(m)}-${two(d)}` },
  '2024/02/29': { style: {}, write: (y, m, d) => `${y}/${two(m)}/${two(d)}` },
  '2024.2.9': { style: { padded: false }, write: (y, m, d) => `${y}.${m}.${d}` },
  '20240229': { style: {}, write: (y, m, d) => `${y}${two(m)}${two(d)}` },
  '29.02.2024': { style: {}, write: (y, m, d) => `${two(d)}.${two(m)}.${y}` },
  '9.2.2024': { style: { padded: false }, write: (y, m, d) => `${d}.${m}.${y}` },
  '29/02/2024': { style: { order: 'dmy' }, write: (y, m, d) => `${two(d)}/${two(m)}/${y}` },
  '02/29/2024': { style: { order: 'mdy' }, write: (y, m, d) => `${two(m)}/${two(d)}/${y}` },
  '2/9/2024': { style: { order: 'mdy', padded: false }, write: (y, m, d) => `${m}/${d}/${y}` },
  '29-02-2024': { style: { order: 'dmy' }, write: (y, m, d) => `${two(d)}-${two(m)}-${y}` },
};
const times = [
  '',
  ' 23:59',
  'T00:00:00Z',
  'T12:30:15.123456+05:30',
  ' 7:05 pm',
  ' 01:02:03,4',
  'T235959Z',
  ' 10:00 UTC',
  '  ',
];
const written = (name: string, at: Date) =>
  formats[name]?.write(String(at.getUTCFullYear()).padStart(4, '0'), at.getUTCMonth() + 1, at.getUTCDate()) ?? '';
const shift = (days: number, style: DateStyle = {}) => dateShift({ ...style, daysFor: () => days } as DateShiftOptions);

describe.each(Object.keys(formats))('dates like %s', (name) => {
  test('move by days as the platform counts them, keep their format and what stands around them, and come back', () => {
    fc.assert(
      fc.property(
        day,
        fc.integer({ min: -36_500, max: 36_500 }),
        fc.constantFrom(...times),
        fc.constantFrom('', ' '),
        (at, days, time, before) => {
          const { apply, undo } = shift(days, formats[name]?.style);
          const value = before + written(name, at) + time;
          const moved = new Date(at.getTime() + days * dayMs);
          const year = moved.getUTCFullYear();
          if (year < 1 || year > 9_999) {
            expect(apply(value, 'e')).toEqual({ refused: 'date-out-of-range' });
            return;
          }
          const out = apply(value, 'e');
          expect(out).toBe(before + written(name, moved) + time);
          expect(undo(out as string, 'e')).toBe(value);
        },
      ),
      { numRuns: 200 },
    );
  });
});

test('the intervals between the dates of an entity stay, those of two entities don’t', () => {
  const { apply } = dateShift({ daysFor: (entity) => (entity === 'a' ? 12 : -5) });
  expect(['2024-01-01', '2024-03-01'].map((date) => apply(date, 'a'))).toEqual(['2024-01-13', '2024-03-13']);
  expect(['2024-01-01', '2024-03-01'].map((date) => apply(date, 'b'))).toEqual(['2023-12-27', '2024-02-25']);
  expect(apply('', 'a')).toBe('');
});

describe('refused', () => {
  test.each<[string, DateStyle, string]>([
    ['2023-02-29', {}, 'not-a-date'],
    ['1900-02-29', {}, 'not-a-date'],
    ['2024-13-01', {}, 'not-a-date'],
    ['2024-00-10', {}, 'not-a-date'],
    ['0000-01-01', {}, 'not-a-date'],
    ['20240230', {}, 'not-a-date'],
    ['31.04.2024', {}, 'not-a-date'],
    ['2024-02/03', {}, 'not-a-date'],
    ['12 Jan 2024', {}, 'not-a-date'],
    ['1706745600', {}, 'not-a-date'],
    ['2024-01-01 whenever', {}, 'not-a-date'],
    ['unknown', {}, 'not-a-date'],
    ['29.02.24', {}, 'two-digit-year'],
    ['2/9/24', { order: 'mdy' }, 'two-digit-year'],
    ['01/02/2024', {}, 'date-order-needed'],
    ['25/12/2024', {}, 'date-order-needed'],
    ['25/12/2024', { order: 'mdy' }, 'date-order'],
    ['12/25/2024', { order: 'dmy' }, 'date-order'],
    ['31/31/2024', { order: 'dmy' }, 'not-a-date'],
    ['9.2.2024', {}, 'date-padding'],
    ['2024-2-9', {}, 'date-padding'],
    ['09.02.2024', { padded: false }, 'date-padding'],
  ])('%s with %j: %s', (value, style, refused) => {
    expect(shift(1, style).apply(value, 'e')).toEqual({ refused });
  });
});

describe('the days of a shift', () => {
  test('are at most as many as asked for, never none, and all occur about equally often', () => {
    const counts = new Map<number, number>();
    for (let i = 0; i < 6_000; i += 1) {
      const days = shiftDays((Math.imul(i + 1, 0x9e37_79b1) >>> 0).toString(16).padStart(8, '0').repeat(2), 3);
      counts.set(days, (counts.get(days) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 1, 2, 3]);
    for (const count of counts.values()) expect(count).toBeGreaterThan(800);
  });

  test.each([0, -1, 1.5, 36_501, Number.NaN])('are not drawn from %s', (most) => {
    expect(() => shiftDays('0123456789abcdef', most)).toThrow(RangeError);
  });
});
