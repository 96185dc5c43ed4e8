import type { StateReader, StateWriter } from '../detectors/index.ts';
import type { CompiledRule } from './compiled-rule-rules.ts';
import { EventWindow } from './event-window-rules.ts';
import type { Aggregate } from './window-aggregate-rules.ts';

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
  /** Of an absence: the last event. */
  last: { readonly eventId: string; readonly offset: number; readonly timeMs: number } | undefined;
}

export function newGroup(rule: CompiledRule, clientId: string, group: readonly string[]): GroupState {
  return {
    ...{ clientId, group, clockMs: 0, touched: 0, fired: [], headFrom: 0, last: undefined },
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
  writer.count(state.last === undefined ? 0 : 1);
  if (state.last !== undefined) {
    writer.text(state.last.eventId);
    writer.number(state.last.offset);
    writer.number(state.last.timeMs);
  }
  state.window.write(writer);
}

/** @param rule undefined for one that is no more: what is read is of no use then. @throws {IntegrityError} `record-tampered` */
export function readGroup(reader: StateReader, rule: CompiledRule | undefined): GroupState {
  const clientId = reader.text();
  const group = Array.from({ length: reader.count() }, () => reader.text());
  const [clockMs, touched, newestMs, cutMs] = [reader.number(), reader.number(), reader.number(), reader.number()];
  const fired = Array.from({ length: reader.count() }, () => reader.number());
  const hasLast = reader.count() === 1;
  const last = hasLast ? { eventId: reader.text(), offset: reader.number(), timeMs: reader.number() } : undefined;
  const window = EventWindow.read(reader);
  const head = rule?.kind === 'window' ? rule.newAggregate() : undefined;
  const headFrom = rule === undefined ? 0 : window.after(newestMs - rule.withinMs);
  if (head !== undefined) {
    for (let place = headFrom; place < window.size; place += 1) head.add(window.bitsAt(place), window.valueAt(place));
  }
  return { ...{ clientId, group, clockMs, touched, newestMs, cutMs, fired, window, head, headFrom, last } };
}
