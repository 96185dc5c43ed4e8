const minuteMs = 60_000;
const dayMs = 86_400_000;

/** The windows, shortest first. An event at `time` is in window `lengthMs` of a transaction at `t` iff t − lengthMs < time ≤ t. */
export const windows = [
  { name: '5m', lengthMs: 5 * minuteMs, text: '5 minutes' },
  { name: '1h', lengthMs: 60 * minuteMs, text: 'hour' },
  { name: '1d', lengthMs: dayMs, text: 'day' },
  { name: '7d', lengthMs: 7 * dayMs, text: '7 days' },
  { name: '14d', lengthMs: 14 * dayMs, text: '14 days' },
] as const;

export const oneDayMs = dayMs;
export const sevenDaysMs = 7 * dayMs;
/** Length of the longest window: how long the windows look back. */
export const longestWindowMs = 14 * dayMs;

/**
 * Up to when events can be forgotten: those that no window reaches of a transaction that is at most `latenessMs` late.
 * Windows of one that is later lack what was forgotten.
 */
export function horizonAt(nowMs: number, latenessMs: number): number {
  return nowMs - latenessMs - longestWindowMs;
}
