import type { StateReader, StateWriter } from '../detectors/index.ts';
import type { CompiledRule } from './compiled-rule-rules.ts';
import { EventWindow } from './event-window-rules.ts';
import type { Aggregate } from './window-aggregate-rules.ts';

/** Events of a group that came one soon after the other, by the server's clock: no absence is among them. */
export interface Presence {
  fromMs: number;
  untilMs: number;
  /** The last of them. */
  last: { readonly eventId: string; readonly offset: number; readonly timeMs: number };
}

/** What is remembered of one group of a rule. */
export interface GroupState {
  readonly clientId: string;
  readonly group: readonly string[];
  /** The partition's clock when the group had its last event. */
  clockMs: number;
  /** Rises with every event of any group: who has the lowest has gone longest without. */
  touched: number;
  /** Time of the newest event. */
  newestMs: number;
  /** Ends of the windows that were told of, ascending, as long as they keep others from being told of. */
  fired: number[];
  /** Time of the newest event that had to go for want of room. */
  cutMs: number;
  readonly window: EventWindow;
  /** Of a window: what ends at the newest event, and the place of the first event in it. */
  readonly head: Aggregate | undefined;
  headFrom: number;
  /** Of an absence: stretches of events with silences between them that are still to be judged, in order. */
  presences: Presence[];
}

/** Kept of a group at most: of more, the two oldest are taken for one. */
export const mostPresences = 64;

export function newGroup(rule: CompiledRule, clientId: string, group: readonly string[]): GroupState {
  return {
    ...{ clientId, group, clockMs: 0, touched: 0, fired: [], headFrom: 0, presences: [] },
    newestMs: Number.NEGATIVE_INFINITY,
    cutMs: Number.NEGATIVE_INFINITY,
    window: new EventWindow(),
    head: rule.kind === 'window' ? rule.newAggregate() : undefined,
  };
}

export function writeGroup(writer: StateWriter, state: GroupState): void {
  writer.text(state.clientId);
  writer.count(state.group.length);
  for (const value of state.group) writer.text(value);
  for (const value of [state.clockMs, state.touched, state.newestMs, state.cutMs]) writer.number(value);
  writer.count(state.fired.length);
  for (const end of state.fired) writer.number(end);
  writer.count(state.presences.length);
  for (const { fromMs, untilMs, last } of state.presences) {
    for (const value of [fromMs, untilMs, last.offset, last.timeMs]) writer.number(value);
    writer.text(last.eventId);
  }
  state.window.write(writer);
}

/** @param rule undefined for one that is no more: what is read is of no use then. @throws {IntegrityError} `record-tampered` */
export function readGroup(reader: StateReader, rule: CompiledRule | undefined): GroupState {
  const clientId = reader.text();
  const group = Array.from({ length: reader.count() }, () => reader.text());
  const [clockMs, touched, newestMs, cutMs] = [reader.number(), reader.number(), reader.number(), reader.number()];
  const fired = Array.from({ length: reader.count() }, () => reader.number());
  const presences = Array.from({ length: reader.count(mostPresences) }, () => readPresence(reader));
  const window = EventWindow.read(reader);
  const head = rule?.kind === 'window' ? rule.newAggregate() : undefined;
  const headFrom = rule === undefined ? 0 : window.after(newestMs - rule.withinMs);
  if (head !== undefined) {
    for (let place = headFrom; place < window.size; place += 1) head.add(window.bitsAt(place), window.valueAt(place));
  }
  return { ...{ clientId, group, clockMs, touched, newestMs, cutMs, fired, window, head, headFrom, presences } };
}

function readPresence(reader: StateReader): Presence {
  const [fromMs, untilMs, offset, timeMs] = [reader.number(), reader.number(), reader.number(), reader.number()];
  return { fromMs, untilMs, last: { eventId: reader.text(), offset, timeMs } };
}
