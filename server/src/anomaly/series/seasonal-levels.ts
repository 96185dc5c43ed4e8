import {
  at,
  dayLevelsAt,
  dayMs,
  daySeenAt,
  daySlots,
  type seasons,
  weekLevelsAt,
  weekSeenAt,
  weekSlots,
} from './series-state.ts';

const daySlotMs = dayMs / daySlots;
const weekSlotMs = (7 * dayMs) / weekSlots;
const dayWeight = 0.25;
const weekWeight = 0.3;
/** Time that a series lets pass before it teaches a time of day: far less would be lost in rounding. */
const pendingMs = 5_000;

/** What a series usually is at this time. */
export interface SeasonalLevels {
  readonly daySlot: number;
  readonly weekSlot: number;
  /** By {@link seasons}; where a season isn't known yet, that of the one before. */
  readonly levels: readonly [number, number, number];
  /** How many of the seasons are known: their time of day, or of the week, was seen for its whole length. */
  readonly known: 1 | 2 | 3;
}

export function seasonalLevels(state: Float32Array, nowMs: number): SeasonalLevels {
  const inDay = ((nowMs % dayMs) + dayMs) % dayMs;
  const inWeek = ((nowMs % (7 * dayMs)) + 7 * dayMs) % (7 * dayMs);
  const daySlot = Math.floor(inDay / daySlotMs);
  const weekSlot = Math.floor(inWeek / weekSlotMs);
  const daySeen = state[daySeenAt + daySlot] as number;
  const weekSeen = state[weekSeenAt + weekSlot] as number;
  const level = state[at.level] as number;
  const usual = state[dayLevelsAt + daySlot] as number;
  const day = daySeen > 0 ? usual + (state[at.drift + 1] as number) : level;
  const isDayKnown = daySeen >= 0.99;
  const isWeekKnown = isDayKnown && weekSeen >= 0.9;
  const week = isWeekKnown ? usual + (state[weekLevelsAt + weekSlot] as number) + (state[at.drift + 2] as number) : day;
  return { daySlot, weekSlot, levels: [level, day, week], known: isWeekKnown ? 3 : isDayKnown ? 2 : 1 };
}

/**
 * Moves the usual levels of this time of day and of the week towards a sample; the week's are differences from the day's.
 *
 * @param scales mean absolute errors by {@link seasons}: a surprise of more than three counts as one of three
 */
export function learnSeasons(
  state: Float32Array,
  x: number,
  passedMs: number,
  seasonal: SeasonalLevels,
  scales: readonly [number, number, number],
): void {
  const pending = (state[at.pending] as number) + 1;
  const mean = (state[at.pendingMean] as number) + (x - (state[at.pendingMean] as number)) / pending;
  const waited = (state[at.pendingMs] as number) + passedMs;
  if (waited < pendingMs) {
    state[at.pending] = pending;
    state[at.pendingMean] = mean;
    state[at.pendingMs] = waited;
    return;
  }
  state[at.pending] = 0;
  state[at.pendingMean] = 0;
  state[at.pendingMs] = 0;
  const { daySlot, weekSlot, known } = seasonal;
  const usual = state[dayLevelsAt + daySlot] as number;
  const daySeen = state[daySeenAt + daySlot] as number;
  if (known >= 2) {
    const seen = state[weekSeenAt + weekSlot] as number;
    const share = Math.min(1, waited / weekSlotMs);
    const before = state[weekLevelsAt + weekSlot] as number;
    const off = mean - usual - before;
    const step = Math.max(weekWeight, 1 / (seen + 1)) * share;
    state[weekLevelsAt + weekSlot] = seen === 0 ? off : before + step * (seen < 1 ? off : limited(off, 3 * scales[2]));
    state[weekSeenAt + weekSlot] = Math.min(1e6, seen + share);
  }
  const share = Math.min(1, waited / daySlotMs);
  const days = Math.min(1e6, daySeen + share);
  const off = mean - usual;
  const step = Math.max(dayWeight, 1 / (days + 1)) * share;
  state[daySeenAt + daySlot] = days;
  state[dayLevelsAt + daySlot] = daySeen === 0 ? mean : usual + step * (days < 2 ? off : limited(off, 3 * scales[1]));
}

export function limited(value: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, value));
}
