import type { StreamEvent } from '../detectors/index.ts';
import type { CompiledRule, Match } from './compiled-rule-rules.ts';

/** What a rule has to know of an event that concerns it, and no more. */
export interface Fact {
  readonly ruleId: string;
  /** Of the rule as it was when the event was looked at. */
  readonly version: string;
  readonly clientId: string;
  readonly eventId: string;
  /** When it happened, as it counts; milliseconds since 1970. */
  readonly timeMs: number;
  readonly receivedAtMs: number;
  readonly group: readonly string[];
  readonly bits: number;
  readonly value: number;
  /** What the rule compares; empty where many events decide. */
  readonly numbers: Readonly<Record<string, number>>;
  /** Of a single event that is judged by itself. */
  readonly userId?: string;
  readonly host?: string;
  readonly source?: string;
  /** It claimed to be of the future, and counts as of when it came. */
  readonly isSkewed: boolean;
  /** Offset of the message that brought it to whoever judges it. */
  readonly offset: number;
}

const noNumbers: Readonly<Record<string, number>> = {};

/** @returns undefined where the event doesn't concern the rule, or lacks a field by which the rule groups */
export function factOf(rule: CompiledRule, event: StreamEvent, clockSkewMs: number): Fact | undefined {
  const match: Match | undefined = rule.match(event);
  if (match === undefined) return undefined;
  const group = rule.groupOf(event);
  if (group === undefined) return undefined;
  const { clientId, eventId, atMs, receivedAtMs, userId, host, source, place } = event;
  const isSkewed = atMs > receivedAtMs + clockSkewMs;
  const isSingle = rule.kind === 'single';
  return {
    ...{ ruleId: rule.id, version: rule.fingerprint },
    ...{ clientId, eventId, receivedAtMs, group, isSkewed },
    timeMs: isSkewed ? receivedAtMs : atMs,
    ...{ bits: match.bits, value: match.value },
    numbers: isSingle || rule.kind === 'sustained' ? rule.numbersOf(event) : noNumbers,
    ...(isSingle && userId !== undefined && { userId }),
    ...(isSingle && host !== undefined && { host }),
    ...(isSingle && source !== undefined && { source }),
    offset: Number(place.offset),
  };
}

/** Tells groups of all clients apart: no client's id holds a NUL, and every value stands behind its length. */
export function groupKeyOf(clientId: string, group: readonly string[]): string {
  let key = `${clientId}\0`;
  for (const value of group) key += `${value.length}:${value}`;
  return key;
}
