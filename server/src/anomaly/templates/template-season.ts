import { z } from 'zod';
import type { CountDistribution } from './count-distribution.ts';

const dayMs = 86_400_000;
/** Parts of the day whose usual count is learned, where buckets are short enough. */
const finestSlots = 48;
/** With fewer parts a day has no shape. */
const fewestSlots = 6;
/** How far the usual count of a slot moves towards that of a new day. */
const dayWeight = 0.15;
/** How much of the way back to the usual count the lowest one goes in a day: weekends are remembered until the next. */
const recoveryWeight = 0.03;
/** How long the spread is averaged over, so that weekends have their share. */
const spreadDays = 7;
/** Slots that the level of the last hours is averaged over. */
const recentSlots = 6;
/** Days before a season is relied on, and before lines can be missing by it: a week has a weekend. */
const daysForSurge = 2;
const daysForDrop = 7;
/** The season is used where it leaves no more of the variance than this. */
const clearlyBetter = 0.7;

/** Which part of a day a bucket is. */
export interface DayPlace {
  readonly slot: number;
  readonly slots: number;
  /** Share of the slot that a bucket takes. */
  readonly share: number;
  /** Buckets of the same slot and day before this one. */
  readonly before: number;
}

/** How many lines of a template usually come at which time of day (UTC). */
export const templateSeasonSchema = z.strictObject({
  /** Buckets learned from. */
  buckets: z.number(),
  /** Mean and variance of the counts whatever the time of day. */
  mean: z.number(),
  plainVariance: z.number(),
  /** Mean of (count − usual)². */
  variance: z.number(),
  /** Of what is above the usual, by how much the variance is more than that of a Poisson distribution; mean of usual². */
  excess: z.number(),
  square: z.number(),
  /** Counts of the last hours, and those that were usual. */
  recent: z.number(),
  recentUsual: z.number(),
  /** The slot that is being counted: which, its lines and its buckets. */
  slot: z.int(),
  slotLines: z.number(),
  slotBuckets: z.int(),
  /** For each slot the usual count of a bucket, then for each the lowest mean of a day of the last weeks; −1 where none was seen. */
  counts: z.array(z.number()),
});
export type TemplateSeason = z.infer<typeof templateSeasonSchema>;

/** @returns undefined when buckets are too long to tell times of day apart */
export function dayPlaceOf(bucket: number, bucketMs: number): DayPlace | undefined {
  const slots = Math.min(finestSlots, Math.floor(dayMs / bucketMs));
  if (slots < fewestSlots) return undefined;
  const slotMs = dayMs / slots;
  const sinceMidnightMs = (((bucket * bucketMs) % dayMs) + dayMs) % dayMs;
  const slot = Math.floor(sinceMidnightMs / slotMs);
  const before = Math.floor((sinceMidnightMs - slot * slotMs) / bucketMs);
  return { slot, slots, share: Math.min(1, bucketMs / slotMs), before };
}

export function newSeason(slots: number): TemplateSeason {
  return {
    ...{ buckets: 0, mean: 0, plainVariance: 0, variance: 0, excess: 0, square: 0, recent: 0, recentUsual: 0 },
    ...{ slot: -1, slotLines: 0, slotBuckets: 0 },
    counts: new Array<number>(2 * slots).fill(-1),
  };
}

/**
 * Learns the count of a bucket.
 *
 * @param open the count; `limited`, of a surge no more than its beginning: only the first days are learned as they are;
 * `isTold`, whether something was told of the template within the last hour
 */
export function learnSeason(
  season: TemplateSeason,
  { open, limited, isTold }: { readonly open: number; readonly limited: number; readonly isTold: boolean },
  place: DayPlace,
): void {
  const { slot, share } = place;
  const days = Math.floor(daysOf(season, place));
  season.buckets += 1;
  if (season.slot !== slot) endSlot(season, isTold, place);
  season.slotLines += open;
  season.slotBuckets += 1;
  const usual = season.counts[slot] as number;
  const count = days < daysForSurge ? open : limited;
  if (usual < 0) {
    season.counts[slot] = count;
    return;
  }
  if (days > 0) learnSpread(season, count, usual, place);
  const step = Math.max(share / (days + share * (place.before + 1)), dayWeight * share);
  season.counts[slot] = rounded(usual + step * (count - usual));
}

/** Learns the lowest count from the slot that is over, half of it from one that was told of, and begins the next. */
function endSlot(season: TemplateSeason, isTold: boolean, { slot, slots }: DayPlace): void {
  if (season.slot >= 0) {
    const usual = season.counts[season.slot] as number;
    const lowest = season.counts[slots + season.slot] as number;
    const mean = season.slotLines / season.slotBuckets;
    const known = isTold && lowest > mean ? (lowest + mean) / 2 : mean;
    season.counts[slots + season.slot] = rounded(
      lowest < 0 ? known : Math.min(known, lowest + recoveryWeight * (usual - lowest)),
    );
  }
  season.slot = slot;
  season.slotLines = 0;
  season.slotBuckets = 0;
}

function learnSpread(season: TemplateSeason, count: number, usual: number, { slots, share }: DayPlace): void {
  const aDay = slots / share;
  const weight = 1 / Math.min(season.buckets - aDay + 1, spreadDays * aDay);
  const error = count - usual;
  const plain = count - season.mean;
  season.mean += weight * plain;
  season.plainVariance = (1 - weight) * (season.plainVariance + weight * plain * plain);
  season.variance += weight * (error * error - season.variance);
  // What was too low, as on weekends, says nothing of how high counts get.
  season.excess += weight * ((error > 0 ? 2 * error * error : 0) - usual - season.excess);
  season.square += weight * (usual * usual - season.square);
  const latest = share / recentSlots;
  season.recent += latest * (count - season.recent);
  season.recentUsual += latest * (usual - season.recentUsual);
}

/**
 * What a bucket is expected to hold by the time of day: at most, where too many lines are looked for, and at least, where
 * too few are. An hour sooner or later is as usual, and so is what the last hours had more of, or less.
 *
 * @returns undefined where the season isn't known, or doesn't tell clearly more than the mean of all hours
 */
export function seasonalExpectation(
  season: TemplateSeason,
  place: DayPlace,
  kind: 'surge' | 'drop',
): CountDistribution | undefined {
  const days = daysOf(season, place);
  if (days < (kind === 'surge' ? daysForSurge : daysForDrop)) return undefined;
  if (season.variance > clearlyBetter * season.plainVariance) return undefined;
  if ((season.counts[place.slot] as number) < 0) return undefined;
  const level = (season.recent + 1) / (season.recentUsual + 1);
  const mean =
    kind === 'surge'
      ? highestUsual(season, place) * Math.max(1, level)
      : lowestOfAll(season, place) * Math.min(1, level);
  const relative = season.square > 0 ? Math.max(0, season.excess / season.square) : 0;
  const known = Math.min(days, 1 / dayWeight) / place.share;
  const expected = mean + 0.5 / known;
  const spread = expected + relative * expected * expected;
  return { mean: expected, variance: spread + spread / known };
}

/** Two templates turned out to be one. */
export function joinedSeason(a: TemplateSeason | undefined, b: TemplateSeason | undefined): TemplateSeason | undefined {
  if (a === undefined || b === undefined || a.counts.length !== b.counts.length) return undefined;
  return {
    buckets: Math.min(a.buckets, b.buckets),
    mean: a.mean + b.mean,
    plainVariance: a.plainVariance + b.plainVariance,
    variance: a.variance + b.variance,
    excess: a.excess + b.excess,
    square: a.square + b.square,
    recent: a.recent + b.recent,
    recentUsual: a.recentUsual + b.recentUsual,
    slot: a.slot,
    slotLines: a.slotLines + b.slotLines,
    slotBuckets: Math.max(a.slotBuckets, b.slotBuckets),
    counts: a.counts.map((count, slot) => (count < 0 ? count : count + Math.max(0, b.counts[slot] as number))),
  };
}

function daysOf(season: TemplateSeason, { slots, share }: DayPlace): number {
  return (season.buckets * share) / slots;
}

function highestUsual({ counts }: TemplateSeason, place: DayPlace): number {
  let highest = 0;
  for (const slot of slotsAround(place)) highest = Math.max(highest, counts[slot] as number);
  return highest;
}

function lowestOfAll({ counts }: TemplateSeason, place: DayPlace): number {
  let lowest = Number.POSITIVE_INFINITY;
  for (const slot of slotsAround(place)) {
    const count = counts[place.slots + slot] as number;
    if (count >= 0) lowest = Math.min(lowest, count);
  }
  return lowest;
}

function slotsAround({ slot, slots }: DayPlace): number[] {
  const reach = Math.round(slots / 24);
  return Array.from({ length: 2 * reach + 1 }, (_, index) => (slot + index - reach + slots) % slots);
}

/** Short in snapshots, which hold many of them. */
function rounded(count: number): number {
  return Math.round(count * 10_000) / 10_000;
}
