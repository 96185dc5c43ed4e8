import { evidenceEventIds } from '../detectors/index.ts';
import type { CompiledRule } from './compiled-rule-rules.ts';
import type { Fact } from './fact-rules.ts';
import type { GroupState, Presence } from './group-state-rules.ts';
import type { Decision } from './judge-window-rules.ts';

/** A rule was met. */
export interface Firing {
  readonly rule: CompiledRule;
  readonly clientId: string;
  readonly group: readonly string[];
  /** The event that completed it; of an absence, the last one before. */
  readonly eventId: string;
  /** When that happened; of an absence, when its time was over. */
  readonly atMs: number;
  /** Of the events that decided. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
  /** Whether there were more that had to be forgotten. */
  readonly isAtLeast: boolean;
  readonly eventIds: readonly string[];
  readonly firstOffset: number;
  readonly lastOffset: number;
  readonly numbers: Readonly<Record<string, number>>;
  /** Where one event decided. */
  readonly fact?: Fact;
  readonly isSkewed: boolean;
}

/** @param presence the last one before the silence */
export function absenceOf(rule: CompiledRule, { clientId, group }: GroupState, presence: Presence): Firing {
  const { untilMs, last } = presence;
  const { eventId, offset, timeMs } = last;
  return {
    ...{ rule, clientId, group, eventId, atMs: untilMs + rule.withinMs, firstMs: timeMs, lastMs: timeMs },
    ...{ count: 1, isAtLeast: false, eventIds: [eventId], isSkewed: false },
    ...{ firstOffset: offset, lastOffset: offset, numbers: { silent_seconds: rule.withinMs / 1_000 } },
  };
}

export function firingOfOne(rule: CompiledRule, fact: Fact): Firing {
  const { clientId, group, eventId, timeMs, offset, numbers, isSkewed } = fact;
  return {
    ...{ rule, clientId, group, eventId, numbers, fact, isSkewed, isAtLeast: false, count: 1, eventIds: [eventId] },
    ...{ atMs: timeMs, firstMs: timeMs, lastMs: timeMs, firstOffset: offset, lastOffset: offset },
  };
}

/** @param by which of the group's events decided */
export function firingOf(
  rule: CompiledRule,
  { window, clientId, group, cutMs }: GroupState,
  fact: Fact,
  by: Decision,
): Firing {
  const eventIds: string[] = [];
  let count = 0;
  let [firstOffset, lastOffset] = [fact.offset, fact.offset];
  for (let place = by.to - 1; place >= by.from; place -= 1) {
    if (rule.evidenceBits !== 0 && (window.bitsAt(place) & rule.evidenceBits) === 0) continue;
    count += 1;
    if (eventIds.length < evidenceEventIds) eventIds.push(window.idAt(place));
    firstOffset = Math.min(firstOffset, window.offsetAt(place));
    lastOffset = Math.max(lastOffset, window.offsetAt(place));
  }
  return {
    ...{ rule, clientId, group, count, firstOffset, lastOffset, numbers: by.numbers, isSkewed: fact.isSkewed },
    ...{ eventId: fact.eventId, atMs: fact.timeMs, firstMs: window.timeAt(by.from), lastMs: by.endMs },
    isAtLeast: rule.kind === 'window' && by.endMs - rule.withinMs < cutMs,
    eventIds: eventIds.reverse(),
  };
}
