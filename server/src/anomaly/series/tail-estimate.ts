/** Numbers that the tail of one statistic takes. */
export const tailFields = 7;

/** Places from the beginning of a tail on. */
const quantile = 0;
const excess = 1;
const count = 2;
const largestToday = 3;
const usualLog = 4;
const spreadLog = 5;
const days = 6;

/** Share of the values that lie beyond the estimated quantile. */
const tailShare = 0.02;
const slowest = 0.002;
/** An excess of more mean excesses counts as so many, so that an anomaly hardly moves the estimate. */
const excessLimit = 4;
const mostCounted = 1e6;

/** Mean absolute deviation of the logarithm of a day's largest value, before days have told it; as of so many days. */
const firstSpread = 0.15;
const firstSpreadDays = 2;
const leastSpread = 0.05;
const usualWeight = 0.2;
const spreadWeight = 0.15;
/** A day that is further off than so many spreads, and a little more, teaches as much as one that is so far off. */
const surpriseSpreads = 4;
const surpriseMore = 0.2;

/**
 * How large a statistic usually gets, learned from a stream in constant memory. Samples: the 98 % quantile by stochastic
 * approximation (Robbins and Monro, 1951), and beyond it an exponential tail with the mean excess as its scale (the
 * peaks-over-threshold idea of Siffer et al., "Anomaly detection in streams with extreme value theory", KDD 2017, with the
 * shape fixed). Days (of 24 hours): mean and mean absolute deviation of the logarithm of the largest value, so that a
 * quantity whose largest values vary much from day to day has a wider margin than one whose don't.
 *
 * Its {@link tailFields} numbers lie in the state of a series from `at` on.
 */
export function beginTail(state: Float32Array, at: number): void {
  state[at + quantile] = 1;
  state[at + excess] = 1;
  state[at + spreadLog] = firstSpread;
}

export function tailSamples(state: Float32Array, at: number): number {
  return state[at + count] as number;
}

/** Whole days that are known. */
export function tailDays(state: Float32Array, at: number): number {
  return state[at + days] as number;
}

/** The largest value of a usual day. */
export function usualLargest(state: Float32Array, at: number): number {
  return Math.exp(state[at + usualLog] as number);
}

/** How much the largest values of days differ: mean absolute deviation of their logarithm. */
export function usualSpread(state: Float32Array, at: number): number {
  return Math.max(leastSpread, state[at + spreadLog] as number);
}

/** Chance of a sample as large as this; 1 for all that aren't in the tail. */
export function tailChance(state: Float32Array, at: number, value: number): number {
  const beyond = value - (state[at + quantile] as number);
  return beyond > 0 ? tailShare * Math.exp(-beyond / (state[at + excess] as number)) : 1;
}

/** @param value 0 or larger */
export function addToTail(state: Float32Array, at: number, value: number): void {
  const samples = Math.min(mostCounted, (state[at + count] as number) + 1);
  state[at + count] = samples;
  if (value > (state[at + largestToday] as number)) state[at + largestToday] = value;
  const from = state[at + quantile] as number;
  const scale = state[at + excess] as number;
  const step = Math.max(slowest, 1 / (samples + 2)) * Math.max(from, scale) * 1.5;
  const limited = Math.min(value, from + excessLimit * scale);
  if (limited <= from) {
    state[at + quantile] = from - step * tailShare;
    return;
  }
  const weight = Math.max(0.02, 1 / (tailShare * samples + 5));
  state[at + excess] = scale + weight * (limited - from - scale);
  state[at + quantile] = from + step * (1 - tailShare);
}

/** A day is over; one before the first value was none. */
export function endTailDay(state: Float32Array, at: number): void {
  if (state[at + count] === 0) return;
  const largest = Math.log(Math.max(0.5, state[at + largestToday] as number));
  state[at + largestToday] = 0;
  const known = state[at + days] as number;
  state[at + days] = Math.min(mostCounted, known + 1);
  const usual = state[at + usualLog] as number;
  if (known === 0) {
    state[at + usualLog] = largest;
    return;
  }
  const limit = surpriseSpreads * usualSpread(state, at) + surpriseMore;
  const off = Math.max(-limit, Math.min(limit, largest - usual));
  state[at + usualLog] = usual + Math.max(usualWeight, 1 / (known + 1)) * off;
  const spread = state[at + spreadLog] as number;
  state[at + spreadLog] = spread + Math.max(spreadWeight, 1 / (known + firstSpreadDays)) * (Math.abs(off) - spread);
}
