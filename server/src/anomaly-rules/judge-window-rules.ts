import type { CompiledRule } from './compiled-rule-rules.ts';
import type { Fact } from './fact-rules.ts';
import type { GroupState } from './group-state-rules.ts';
import type { Aggregate } from './window-aggregate-rules.ts';

/** What decided: events at the places [`from`, `to`) of the group's window. */
export interface Decision {
  /** Time of the last of them. */
  readonly endMs: number;
  readonly from: number;
  readonly to: number;
  readonly numbers: Readonly<Record<string, number>>;
}

export interface JudgeBounds {
  readonly latenessMs: number;
  readonly eventsPerGroup: number;
}

/** Whether the event is so much older than the newest one of its group, or than what had to go, that it counts no more. */
export function isTooLate(group: GroupState, timeMs: number, latenessMs: number): boolean {
  return timeMs < group.newestMs - latenessMs || timeMs < group.cutMs;
}

/**
 * Takes an event into a group's window. Of the windows (s − within, s] that end at an event and hold the new one, the earliest
 * decides that meets the rule and isn't within the cooldown of one that was told of.
 */
export function judgeWindow(
  rule: CompiledRule,
  group: GroupState,
  fact: Fact,
  bounds: JudgeBounds,
): Decision | undefined {
  const { window } = group;
  const head = group.head as Aggregate;
  const { withinMs } = rule;
  const { timeMs, bits, value } = fact;
  const isNewest = timeMs >= group.newestMs;
  let place = window.insert(fact);
  if (isNewest) group.newestMs = timeMs;
  if (timeMs > group.newestMs - withinMs) head.add(bits, value);
  else group.headFrom += 1;
  while (window.timeAt(group.headFrom) <= group.newestMs - withinMs) {
    head.remove(window.bitsAt(group.headFrom), window.valueAt(group.headFrom));
    group.headFrom += 1;
  }
  place -= forgetOld(group, head, group.newestMs - bounds.latenessMs - withinMs, bounds.eventsPerGroup);
  if (place < 0) return undefined;
  if (!isNewest) return judgePast(rule, group, head, place);
  if (!head.isMet() || isSuppressed(rule, group, timeMs)) return undefined;
  return { endMs: timeMs, from: group.headFrom, to: window.size, numbers: head.numbers() };
}

/** Slides the aggregate from the newest window back to the one that ends at the event, and then to where it was. */
function judgePast(rule: CompiledRule, group: GroupState, head: Aggregate, place: number): Decision | undefined {
  const { window } = group;
  const timeMs = window.timeAt(place);
  let decision: Decision | undefined;
  let [from, to] = [group.headFrom, window.size];
  for (let at = window.size - 1; at >= place; ) {
    const endMs = window.timeAt(at);
    while (to > at + 1) {
      to -= 1;
      head.remove(window.bitsAt(to), window.valueAt(to));
    }
    while (from > 0 && window.timeAt(from - 1) > endMs - rule.withinMs) {
      from -= 1;
      head.add(window.bitsAt(from), window.valueAt(from));
    }
    if (endMs < timeMs + rule.withinMs && head.isMet() && !isSuppressed(rule, group, endMs)) {
      decision = { endMs, from, to, numbers: head.numbers() };
    }
    while (at >= place && window.timeAt(at) === endMs) at -= 1;
  }
  for (; to < window.size; to += 1) head.add(window.bitsAt(to), window.valueAt(to));
  for (; from < group.headFrom; from += 1) head.remove(window.bitsAt(from), window.valueAt(from));
  return decision;
}

/** Forgets what no event that may still come shares a window with, and the oldest of too many. @returns how many */
function forgetOld(group: GroupState, head: Aggregate, untilMs: number, largestSize: number): number {
  const { window } = group;
  let count = window.timeAt(0) <= untilMs ? window.after(untilMs) : 0;
  if (window.size - count > largestSize) {
    count = window.size - largestSize;
    group.cutMs = window.timeAt(count - 1);
    for (let place = group.headFrom; place < count; place += 1) {
      head.remove(window.bitsAt(place), window.valueAt(place));
    }
  }
  if (count === 0) return 0;
  window.drop(count);
  group.headFrom = Math.max(0, group.headFrom - count);
  return count;
}

/**
 * Takes a sample into a group's row. Of the rows of so many samples, one after the other in time, that hold the new one, all
 * meet the condition and fit into the time, the earliest decides that isn't within the cooldown of one that was told of.
 */
export function judgeSustained(
  rule: CompiledRule,
  group: GroupState,
  fact: Fact,
  bounds: JudgeBounds,
): Decision | undefined {
  const { window } = group;
  const { samples, withinMs } = rule;
  let place = window.insert(fact);
  group.newestMs = Math.max(group.newestMs, fact.timeMs);
  // Of those that no later one can come before, only the last are part of a row that is still to come.
  const settled = window.after(group.newestMs - bounds.latenessMs - 1);
  let drop = Math.max(0, settled - (samples - 1));
  if (window.size - drop > bounds.eventsPerGroup) {
    drop = window.size - bounds.eventsPerGroup;
    group.cutMs = window.timeAt(drop - 1);
  }
  if (drop > 0) window.drop(drop);
  place -= drop;
  if (place < 0 || fact.bits === 0) return undefined;
  let first = place;
  while (first > 0 && place - first < samples - 1 && window.bitsAt(first - 1) === 1) first -= 1;
  for (let last = place; last < window.size && last - place < samples; last += 1) {
    if (window.bitsAt(last) !== 1) return undefined;
    const from = last - samples + 1;
    if (from < first) continue;
    const endMs = window.timeAt(last);
    if (endMs - window.timeAt(from) >= withinMs || isSuppressed(rule, group, endMs)) continue;
    return { endMs, from, to: last + 1, numbers: { ...fact.numbers, samples, limit: samples } };
  }
  return undefined;
}

/** Whether a window with such an end is too near to one that was told of. */
export function isSuppressed({ cooldownMs }: CompiledRule, { fired }: GroupState, endMs: number): boolean {
  return cooldownMs > 0 && fired.some((other) => Math.abs(endMs - other) < cooldownMs);
}

/** Notes that a window was told of, and forgets those that can keep no other from being told of. */
export function noteFired(rule: CompiledRule, group: GroupState, endMs: number, latenessMs: number): void {
  if (rule.cooldownMs === 0) return;
  const oldestMs = group.newestMs - latenessMs - rule.cooldownMs;
  group.fired = [...group.fired, endMs].filter((end) => end > oldestMs).toSorted((a, b) => a - b);
}
