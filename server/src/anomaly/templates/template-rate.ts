import { z } from 'zod';
import { type CountDistribution, chanceOfAtMost, countBeyond } from './count-distribution.ts';
import {
  type DayPlace,
  joinedSeason,
  learnSeason,
  newSeason,
  seasonalExpectation,
  templateSeasonSchema,
} from './template-season.ts';

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
/** Lines in a bucket, on average, from which the time of day is learned, and below which it is forgotten. */
const seasonFrom = 0.5;
const seasonTo = 0.1;

/** One template's lines bucket by bucket: what is usual, and the buckets that are being counted. */
export const templateRateSchema = z.strictObject({
  buckets: z.number(),
  mean: z.number(),
  /** Of the counts around the mean. */
  variance: z.number(),
  /** Lines in the open bucket and in the one after it, where it has begun. */
  open: z.number(),
  next: z.number(),
  /** Lines in a bucket that are too many; 0 until it is worked out, below 0 the negative of a number that none is below. */
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
  /** Of templates that come often enough. */
  season: templateSeasonSchema.optional(),
});
export type TemplateRate = z.infer<typeof templateRateSchema>;

/** When a bucket is, and how improbable a count must be. */
export interface BucketTest {
  /** Allowed by chance. */
  readonly chance: number;
  /** Undefined where the time of day isn't looked at. */
  readonly place: DayPlace | undefined;
}

export interface Expectation extends CountDistribution {
  readonly season: 'none' | 'day';
}

export function newRate(level: string): TemplateRate {
  return {
    ...{ buckets: 0, mean: 0, variance: 0, open: 0, next: 0, tooMany: 0, quiet: 0 },
    ...{ level, eventIds: [], firstOffset: '', nextOffset: '' },
  };
}

/** What a bucket is expected to hold; how little is known of the mean is part of it. */
export function expectationOf(
  { buckets, mean, variance, season }: TemplateRate,
  kind: 'surge' | 'drop',
  place: DayPlace | undefined,
): Expectation {
  if (season !== undefined && place !== undefined) {
    const seasonal = seasonalExpectation(season, place, kind);
    if (seasonal !== undefined) return { ...seasonal, season: 'day' };
  }
  const known = Math.max(1, Math.min(buckets, memory));
  const expected = mean + 0.5 / known;
  const spread = Math.max(variance, expected);
  return { mean: expected, variance: spread + spread / known, season: 'none' };
}

/** Counts a line, and says whether with it there are too many. */
export function countLine(
  rate: TemplateRate,
  line: { readonly isNext: boolean; readonly eventId: string; readonly offset: bigint; readonly level: string },
  test: () => BucketTest,
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
  if (rate.tooMany <= 0) {
    if (rate.tooMany < 0 && count < -rate.tooMany) return false;
    const { chance, place } = test();
    const expected = expectationOf(rate, 'surge', place);
    rate.tooMany = count < leastSurge(expected) ? -leastSurge(expected) : tooManyOf(expected, chance);
  }
  if (rate.tooMany < 0) return false;
  if (count < rate.tooMany) return false;
  rate.quiet = quietBuckets;
  return true;
}

function tooManyOf(expected: CountDistribution, chance: number): number {
  return Math.max(countBeyond(chance, expected), leastSurge(expected));
}

function leastSurge({ mean }: CountDistribution): number {
  return Math.max(Math.ceil(leastFactor * mean), leastLines);
}

/** Whether the open bucket, which is over, has far fewer lines than usual. */
export function isTooFew(rate: TemplateRate, { chance, place }: BucketTest): boolean {
  if (rate.buckets < 2 * learnedAfter || rate.quiet > 0) return false;
  const expected = expectationOf(rate, 'drop', place);
  if (expected.mean < leastLines || rate.open * leastFactor > expected.mean) return false;
  return chanceOfAtMost(rate.open, expected) < chance;
}

/** Learns from the open bucket, of a surge no more than its beginning, and opens the next. */
export function closeBucket(rate: TemplateRate, { chance, place }: BucketTest): void {
  const count = rate.buckets >= learnedAfter && rate.open > leastLines ? limited(rate, { chance, place }) : rate.open;
  rate.buckets += 1;
  const weight = 1 / Math.min(rate.buckets, memory);
  const difference = count - rate.mean;
  rate.mean += weight * difference;
  rate.variance = (1 - weight) * (rate.variance + weight * difference * difference);
  if (place === undefined || rate.mean < seasonTo) delete rate.season;
  else if (rate.season === undefined && rate.mean >= seasonFrom && rate.buckets >= learnedAfter) {
    rate.season = newSeason(place.slots);
  }
  if (rate.season !== undefined && place !== undefined) {
    learnSeason(rate.season, { open: rate.open, limited: count, isTold: rate.quiet > 0 }, place);
  }
  skipBucket(rate);
}

function limited(rate: TemplateRate, { chance, place }: BucketTest): number {
  const expected = expectationOf(rate, 'surge', place);
  return rate.open > leastFactor * expected.mean ? Math.min(rate.open, tooManyOf(expected, chance)) : rate.open;
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
  const season = joinedSeason(rate.season, other.season);
  if (season === undefined) delete rate.season;
  else rate.season = season;
  rate.tooMany = 0;
}
