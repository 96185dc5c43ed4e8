import type { Features } from './feature-event.ts';
import type { KeyEvent, WindowValues } from './key-windows.ts';
import { longestWindowMs, sevenDaysMs, windows } from './window-lengths.ts';

export type Side = 'customer' | 'card' | 'terminal';

/** Names of the features of one side and window, made once. */
const windowNames = Object.fromEntries(
  (['customer', 'card', 'terminal'] as const).map((side) => [
    side,
    windows.map(({ name }) => ({
      count: `${side}_count_${name}`,
      sum: `${side}_amount_${name}`,
      max: `${side}_amount_max_${name}`,
    })),
  ]),
) as Record<Side, { count: string; sum: string; max: string }[]>;

/** Where one amount is more than this many times another, or less than its inverse, it hardly matters how much. */
const largestRatio = 1_000;
/** Other amounts from which a deviation is told, and how many of the newest are looked at. */
const fewestForDeviation = 2;
const mostForDeviation = 256;
const largestDeviation = 10;
/** Least standard deviation, in powers of two: somebody who always pays the same may pay 7 % more. */
const smallestSpread = 0.1;

/** Counts, sums and largest amounts of a side's windows, and how long ago its last transaction was. */
export function windowFeatures(features: Features, side: Side, values: WindowValues): void {
  for (const [index, { count, sum, max }] of windowNames[side].entries()) {
    features[count] = values.counts[index] as number;
    features[sum] = (values.sums[index] as number) / 1_000;
    features[max] = (values.maxima[index] as number) / 1_000;
  }
  features[`${side}_seconds_since_last`] = (values.sinceLastMs ?? longestWindowMs) / 1_000;
  features[`${side}_is_new`] = Number(values.sinceLastMs === undefined);
}

/** How the transaction compares with the customer's other ones of 14 days. */
export function historyFeatures(features: Features, event: KeyEvent, values: WindowValues): void {
  features['customer_amount_to_mean'] = rounded(toMean(event, values));
  features['customer_amount_to_max'] = rounded(toMax(event, values));
  features['customer_amount_deviation'] = rounded(deviation(event, values));
  features['customer_terminals_1d'] = values.peersInDay;
  features['customer_terminal_is_new'] = Number(values.isNewPeer);
}

/** How the transaction compares with the terminal's other ones of 14 days. */
export function terminalFeatures(features: Features, event: KeyEvent, values: WindowValues): void {
  features['terminal_amount_to_mean'] = rounded(toMean(event, values));
  features['terminal_customers_1d'] = values.peersInDay;
}

/** Frauds at the terminal that became known in the windows before `timeMs`. */
export function reportFeatures(
  features: Features,
  timeMs: number,
  reportsBetween: (fromMs: number, toMs: number) => { count: number; latestMs: number | undefined },
): void {
  const { count, latestMs } = reportsBetween(timeMs - longestWindowMs, timeMs);
  features['terminal_reports_7d'] = reportsBetween(timeMs - sevenDaysMs, timeMs).count;
  features['terminal_reports_14d'] = count;
  features['terminal_seconds_since_report'] = (latestMs === undefined ? longestWindowMs : timeMs - latestMs) / 1_000;
}

function toMean(event: KeyEvent, { from, to, sums }: WindowValues): number {
  const others = to - from - 1;
  if (others === 0) return 1;
  return ratio(event.amount, ((sums.at(-1) as number) - event.amount) / others);
}

function toMax(event: KeyEvent, { list, from, to, own }: WindowValues): number {
  if (to - from === 1) return 1;
  const others = { sum: 0, max: 0 };
  list.addTo(others, from, own);
  list.addTo(others, own + 1, to);
  return ratio(event.amount, others.max);
}

function ratio(amount: number, usual: number): number {
  if (amount === usual) return 1;
  return Math.min(largestRatio, Math.max(1 / largestRatio, amount / usual));
}

/**
 * Standard deviations that log2(1 + amount) lies above the mean of the newest others: amounts spread by factors rather
 * than by sums.
 */
function deviation(event: KeyEvent, { list, from, to, own }: WindowValues): number {
  const logs: number[] = [];
  for (let at = to - 1; at >= from && logs.length < mostForDeviation; at -= 1) {
    if (at !== own) logs.push(logOf(list.amountAt(at)));
  }
  if (logs.length < fewestForDeviation) return 0;
  let sum = 0;
  for (const log of logs) sum += log;
  const mean = sum / logs.length;
  let squares = 0;
  for (const log of logs) squares += (log - mean) ** 2;
  const spread = Math.max(smallestSpread, Math.sqrt(squares / logs.length));
  const value = (logOf(event.amount) - mean) / spread;
  return Math.min(largestDeviation, Math.max(-largestDeviation, value));
}

function logOf(amount: number): number {
  return Math.log2(1 + amount / 1_000);
}

/** Four decimals: enough for a ratio, and short in a message. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
