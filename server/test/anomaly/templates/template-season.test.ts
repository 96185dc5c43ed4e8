import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  closeBucket,
  countLine,
  expectationOf,
  isTooFew,
  joinRates,
  newRate,
  type TemplateRate,
  templateRateSchema,
} from '../../../src/anomaly/templates/template-rate.ts';
import { dayPlaceOf } from '../../../src/anomaly/templates/template-season.ts';

const bucketMs = 300_000;
const day = 288;
const chance = 1e-5;
const line = { isNext: false, eventId: 'e', offset: 1n, level: 'INFO' };

/** A bucket of so many lines; what is told of it. */
function pass(rate: TemplateRate, count: number, bucket: number, isSeasonal = true): 'surge' | 'drop' | undefined {
  const test = { chance, place: isSeasonal ? dayPlaceOf(bucket, bucketMs) : undefined };
  let told: 'surge' | 'drop' | undefined;
  for (let each = 0; each < count; each += 1) if (countLine(rate, line, () => test)) told = 'surge';
  if (isTooFew(rate, test)) told = 'drop';
  closeBucket(rate, test);
  return told;
}

/** 40 lines in a bucket by day, 4 by night, 40 % of that at weekends, and a little more or less. */
function usual(bucket: number): number {
  const hour = (24 * (bucket % day)) / day;
  const share = Math.max(0.1, Math.min(1, (hour - 5) / 3, (22 - hour) / 3));
  // Day 0 of the epoch was a Thursday.
  const weekend = [2, 3].includes(Math.floor(bucket / day) % 7) ? 0.4 : 1;
  return Math.round(40 * share * weekend) + ((bucket * 7) % 5) - 2;
}

function learned(days: number, isSeasonal = true): { rate: TemplateRate; told: number } {
  const rate = newRate('INFO');
  let told = 0;
  for (let bucket = 0; bucket < days * day; bucket += 1) {
    if (pass(rate, Math.max(0, usual(bucket)), bucket, isSeasonal) !== undefined) told += 1;
  }
  return { rate, told };
}

describe('lines by the time of day', () => {
  test('neither mornings nor weekends are told of, in five weeks', () => {
    expect(learned(35).told).toBe(0);
  });

  test('by night a surge to what is usual by day is one', () => {
    const atThree = 21 * day + 36;
    for (const isSeasonal of [true, false]) {
      const { rate } = learned(21, isSeasonal);
      for (let bucket = 21 * day; bucket < atThree; bucket += 1) pass(rate, usual(bucket), bucket, isSeasonal);
      expect(pass(rate, 40, atThree, isSeasonal)).toBe(isSeasonal ? 'surge' : undefined);
      expect(expectationOf(rate, 'surge', dayPlaceOf(atThree, bucketMs)).season).toBe(isSeasonal ? 'day' : 'none');
    }
  });

  test('by day lines can be missing that come seldom by night anyway', () => {
    const atNoon = 20 * day + 144;
    for (const isSeasonal of [true, false]) {
      const rate = newRate('INFO');
      const everyDay = (bucket: number) => Math.max(0, usual(bucket % day));
      for (let bucket = 0; bucket < atNoon; bucket += 1) pass(rate, everyDay(bucket), bucket, isSeasonal);
      expect(pass(rate, 0, atNoon, isSeasonal)).toBe(isSeasonal ? 'drop' : undefined);
    }
  });

  test('a level that stays is told of a few times, not for days', () => {
    const { rate } = learned(21);
    let told = 0;
    for (let bucket = 21 * day; bucket < 24 * day; bucket += 1) {
      if (pass(rate, 10 * Math.max(0, usual(bucket)), bucket) !== undefined) told += 1;
    }
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThanOrEqual(12);
  });

  test('what comes seldom has no season, and loses the one it had', () => {
    const rate = newRate('INFO');
    for (let bucket = 0; bucket < 3 * day; bucket += 1) pass(rate, Number(bucket % 4 === 0), bucket);
    expect(rate.season).toBeUndefined();
    const { rate: other } = learned(3);
    expect(other.season).toBeDefined();
    for (let bucket = 3 * day; bucket < 15 * day; bucket += 1) pass(other, 0, bucket);
    expect(other.season).toBeUndefined();
  });

  test('two templates that are one expect the lines of both', () => {
    const { rate } = learned(21);
    const { rate: other } = learned(21);
    const place = dayPlaceOf(21 * day + 144, bucketMs);
    const alone = expectationOf(rate, 'surge', place).mean;
    joinRates(rate, other);
    expect(expectationOf(rate, 'surge', place).mean).toBeGreaterThan(1.8 * alone);
    joinRates(rate, newRate('INFO'));
    expect(rate.season).toBeUndefined();
  });
});

describe('buckets and slots', () => {
  test.each([
    [0, 300, { slot: 0, slots: 48, share: 1 / 6, before: 0 }],
    [11, 300, { slot: 1, slots: 48, share: 1 / 6, before: 5 }],
    [-1, 300, { slot: 47, slots: 48, share: 1 / 6, before: 5 }],
    [25, 3_600, { slot: 1, slots: 24, share: 1, before: 0 }],
    [5, 86_400, undefined],
  ])('bucket %d of %d s', (bucket, seconds, place) => {
    expect(dayPlaceOf(bucket, seconds * 1_000)).toEqual(place);
  });

  test('a rate that was stored at any bucket goes on as if it had not been', () => {
    const last = 4 * day;
    const whole = learned(4).rate;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: last }), (split) => {
        let rate = newRate('INFO');
        for (let bucket = 0; bucket < last; bucket += 1) {
          if (bucket === split) {
            rate = templateRateSchema.parse(JSON.parse(JSON.stringify(rate)));
          }
          pass(rate, Math.max(0, usual(bucket)), bucket);
        }
        expect(rate).toEqual(whole);
      }),
      { numRuns: 10 },
    );
  });
});
