import type { StreamEvent } from '../../src/detectors/index.ts';

/**
 * What rules are to find, written down from their description alone: every event is looked at with all that came before, nothing
 * is forgotten, nothing is kept up. Slow on purpose.
 */
export interface OracleRule {
  readonly withinMs: number;
  readonly cooldownMs: number;
  readonly latenessMs: number;
  /** Groups that an event belongs to; undefined where it doesn't concern the rule. */
  readonly groupOf: (event: StreamEvent) => string | undefined;
  /** Of the events of a window, in order of time. */
  readonly isMet: (events: readonly StreamEvent[]) => boolean;
  /** Samples in a row instead of a window. */
  readonly samples?: { readonly count: number; readonly isMet: (event: StreamEvent) => boolean };
}

export interface OracleFinding {
  readonly eventId: string;
  readonly endMs: number;
  readonly eventIds: readonly string[];
}

interface Group {
  events: StreamEvent[];
  ends: number[];
  touchedMs: number;
}

export function oracle(rule: OracleRule, arrivals: readonly StreamEvent[]): OracleFinding[] {
  const groups = new Map<string, Group>();
  const found: OracleFinding[] = [];
  let clockMs = Number.NEGATIVE_INFINITY;
  for (const event of arrivals) {
    const key = rule.groupOf(event);
    if (key === undefined) continue;
    clockMs = Math.max(clockMs, event.receivedAtMs);
    let group = groups.get(key);
    if (group === undefined || clockMs - group.touchedMs > rule.withinMs + rule.cooldownMs + rule.latenessMs) {
      group = { events: [], ends: [], touchedMs: clockMs };
      groups.set(key, group);
    }
    group.touchedMs = clockMs;
    const newest = Math.max(...group.events.map(({ atMs }) => atMs));
    if (group.events.length > 0 && event.atMs < newest - rule.latenessMs) continue;
    group.events.push(event);
    const { ends } = group;
    const isFree = (endMs: number) =>
      rule.cooldownMs === 0 || ends.every((end) => Math.abs(end - endMs) >= rule.cooldownMs);
    const candidates = rule.samples ? rowsOf(rule, group.events, event) : windowsOf(rule, group.events, event);
    const [first] = candidates.filter(({ endMs }) => isFree(endMs)).toSorted((a, b) => a.endMs - b.endMs);
    if (first === undefined) continue;
    ends.push(first.endMs);
    found.push({ ...first, eventId: event.eventId });
  }
  return found;
}

function windowsOf(rule: OracleRule, events: readonly StreamEvent[], event: StreamEvent) {
  const inOrder = events.toSorted((a, b) => a.atMs - b.atMs);
  return [...new Set(events.map(({ atMs }) => atMs))].flatMap((endMs) => {
    const inside = inOrder.filter(({ atMs }) => atMs > endMs - rule.withinMs && atMs <= endMs);
    if (!inside.includes(event) || !rule.isMet(inside)) return [];
    return [{ endMs, eventIds: inside.map(({ eventId }) => eventId) }];
  });
}

function rowsOf(rule: OracleRule, events: readonly StreamEvent[], event: StreamEvent) {
  const { count, isMet } = rule.samples as NonNullable<OracleRule['samples']>;
  const inOrder = events.toSorted((a, b) => a.atMs - b.atMs);
  return inOrder.flatMap((last, index) => {
    const row = inOrder.slice(Math.max(0, index - count + 1), index + 1);
    if (row.length < count || !row.includes(event) || !row.every(isMet)) return [];
    if (last.atMs - (row[0] as StreamEvent).atMs >= rule.withinMs) return [];
    return [{ endMs: last.atMs, eventIds: row.map(({ eventId }) => eventId) }];
  });
}
