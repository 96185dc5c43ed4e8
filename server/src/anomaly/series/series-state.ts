import { beginTail, endTailDay, tailFields } from './tail-estimate.ts';

export const dayMs = 86_400_000;
/** Parts of the day whose usual level is learned. */
export const daySlots = 48;
/** Parts of the week whose usual difference from the level at this time of day is learned. */
export const weekSlots = 84;

/** What the expectation of a sample rests on. */
export const seasons = ['none', 'day', 'week'] as const;
export type Season = (typeof seasons)[number];
/** Statistics of the errors against each of them: a single value above or below, the mean of the last ones. */
export const errorKinds = ['up', 'down', 'shift'] as const;

/** Places of the numbers that a series is. Where there is one for each season, that of the first. */
export const at = {
  samples: 0,
  /** Milliseconds since 1970, in two parts: a number of 24 bits holds no such time. */
  timeHigh: 1,
  timeLow: 2,
  /** Milliseconds between samples. */
  step: 3,
  /** When a day begins for this series: minutes after midnight, UTC. */
  dayBegins: 4,
  /** Samples that still must pass without a deviation. */
  quiet: 5,
  /** Samples in a row that were too old. */
  late: 6,
  /** The value before, in two parts. */
  lastHigh: 7,
  lastLow: 8,
  /** Samples in a row of this value. */
  same: 9,
  level: 10,
  /** Mean absolute error of the level, however large. */
  wide: 11,
  /** Samples at a time of day, and of the week, that is known. */
  ripe: 12,
  drift: 15,
  scale: 18,
  run: 21,
  slow: 24,
  slowScale: 25,
  slowRun: 26,
  /** Samples that wait until they are enough to teach a time of day. */
  pending: 27,
  pendingMean: 28,
  pendingMs: 29,
  /** Severity of what was told of the run of deviations. */
  told: 30,
  /** Of what only grows: whether a count is known, the count and its time, in two parts each. */
  counted: 31,
  countHigh: 32,
  countLow: 33,
  countTimeHigh: 34,
  countTimeLow: 35,
  /** Samples that still must pass after the first day before anything is judged. */
  wait: 36,
} as const;

export const dayLevelsAt = 37;
export const daySeenAt = dayLevelsAt + daySlots;
export const weekLevelsAt = daySeenAt + daySlots;
export const weekSeenAt = weekLevelsAt + weekSlots;
const tailsAt = weekSeenAt + weekSlots;
const tails = seasons.length * errorKinds.length + 2;
export const driftTail = tailsAt + (tails - 2) * tailFields;
export const frozenTail = tailsAt + (tails - 1) * tailFields;
/** Numbers that a series takes, of 4 bytes each. */
export const seriesFields = tailsAt + tails * tailFields;

export function tailOf(season: number, kind: number): number {
  return tailsAt + (season * errorKinds.length + kind) * tailFields;
}

/** Of a series that no sample is known of. */
export function newSeriesState(): Float32Array {
  const state = new Float32Array(seriesFields);
  for (let tail = tailsAt; tail < seriesFields; tail += tailFields) beginTail(state, tail);
  return state;
}

export function endDay(state: Float32Array): void {
  for (let tail = tailsAt; tail < seriesFields; tail += tailFields) endTailDay(state, tail);
}

/** @param field of the first of thetwo parts of a time */
export function timeOf(state: Float32Array, field: number): number {
  return (state[field] as number) * timeUnit + (state[field + 1] as number);
}

export function setTime(state: Float32Array, field: number, timeMs: number): void {
  state[field] = Math.floor(timeMs / timeUnit);
  state[field + 1] = timeMs - (state[field] as number) * timeUnit;
}

const timeUnit = 2 ** 20;
