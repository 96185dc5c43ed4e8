import { z } from 'zod';
import { type CountDistribution, chanceOfAtMost, countBeyond } from './count-distribution.ts';

/** Buckets that the usual rate is averaged over: a day of five minutes each. */
const memory = 288;
/** Buckets before a rate is judged. */
const learnedAfter = 24;
/** Changes smaller than these are nobody's business, however sure. */
const leastFactor = 3;
const leastLines = 10;
/** Buckets without another finding of a template. */
export const quietBuckets = 12;
const rememberedEvents = 5;

/** One template's lines bucket by bucket: what is usual, and the buckets that are being counted. */
export const templateRateSchema = z.strictObject({
  buckets: z.number(),
  mean: z.number(),
  /** Of the counts around the mean. */
  variance: z.number(),
  /** Lines in the open bucket and in the one after it, where it has begun. */
  open: z.number(),
  next: z.number(),
  /** Lines in a bucket that are too many; 0 until it is worked out. */
  tooMany: z.number(),
  quiet: z.number(),
  /** Level of its latest line. */
  level: z.string(),
  /** Of the latest lines of the bucket. */
  eventIds: z.array(z.string()),
  /** Offsets of the first and the latest line of the bucket. */
  firstOffset: z.string(),
  /** Of the first line of the next bucket. */
  nextOffset: z.string(),
});
export type TemplateRate = z.infer<typeof templateRateSchema>;

export function newRate(level: string): TemplateRate {
  return {
    ...{ buckets: 0, mean: 0, variance: 0, open: 0, next: 0, tooMany: 0, quiet: 0 },
    ...{ level, eventIds: [], firstOffset: '', nextOffset: '' },
  };
}

/** What the next bucket is expected to hold; how little is known of the mean is part of it. */
export function expectationOf({ buckets, mean, variance }: TemplateRate): CountDistribution {
  const known = Math.max(1, Math.min(buckets, memory));
  const expected = mean + 0.5 / known;
  return { mean: expected, variance: Math.max(variance, expected) + Math.max(variance, expected) / known };
}

/** Counts a line, and says whether with it there are too many. */
export function countLine(
  rate: TemplateRate,
  line: { readonly isNext: boolean; readonly eventId: string; readonly offset: bigint; readonly level: string },
  chance: number,
): boolean {
  const count = line.isNext ? rate.next + 1 : rate.open + 1;
  if (line.isNext) rate.next = count;
  else rate.open = count;
  rate.level = line.level;
  if (rate.firstOffset === '') rate.firstOffset = String(line.offset);
  if (line.isNext && count === 1) rate.nextOffset = String(line.offset);
  if (rate.eventIds.length === rememberedEvents) rate.eventIds.shift();
  rate.eventIds.push(line.eventId);
  if (rate.buckets < learnedAfter || rate.quiet > 0) return false;
  if (rate.tooMany === 0) rate.tooMany = tooManyOf(rate, chance);
  if (count < rate.tooMany) return false;
  rate.quiet = quietBuckets;
  return true;
}

function tooManyOf(rate: TemplateRate, chance: number): number {
  const expected = expectationOf(rate);
  return Math.max(countBeyond(chance, expected), Math.ceil(leastFactor * expected.mean), leastLines);
}

/** Whether the open bucket, which is over, has far fewer lines than usual. */
export function isTooFew(rate: TemplateRate, chance: number): boolean {
  if (rate.buckets < 2 * learnedAfter || rate.quiet > 0 || rate.mean < leastLines) return false;
  const expected = expectationOf(rate);
  return rate.open * leastFactor <= expected.mean && chanceOfAtMost(rate.open, expected) < chance;
}

/** Learns from the open bucket, of a surge no more than its beginning, and opens the next. */
export function closeBucket(rate: TemplateRate, chance: number): void {
  const isSurge = rate.buckets >= learnedAfter && rate.open > leastLines && rate.open > leastFactor * rate.mean;
  const count = isSurge ? Math.min(rate.open, tooManyOf(rate, chance)) : rate.open;
  rate.buckets += 1;
  const weight = 1 / Math.min(rate.buckets, memory);
  const difference = count - rate.mean;
  rate.mean += weight * difference;
  rate.variance = (1 - weight) * (rate.variance + weight * difference * difference);
  skipBucket(rate);
}

/** As {@link closeBucket}, of a bucket that teaches nothing. */
export function skipBucket(rate: TemplateRate): void {
  rate.eventIds = rate.next === 0 ? [] : rate.eventIds.slice(-rate.next);
  rate.firstOffset = rate.nextOffset;
  rate.nextOffset = '';
  rate.open = rate.next;
  rate.next = 0;
  rate.tooMany = 0;
  rate.quiet = Math.max(0, rate.quiet - 1);
}

/** Two templates turned out to be one. */
export function joinRates(rate: TemplateRate, other: TemplateRate): void {
  rate.buckets = Math.max(rate.buckets, other.buckets);
  rate.mean += other.mean;
  rate.variance += other.variance;
  rate.open += other.open;
  rate.next += other.next;
  rate.quiet = Math.max(rate.quiet, other.quiet);
  rate.tooMany = 0;
}
