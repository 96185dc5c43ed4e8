import { type EventType, eventTypes } from '@sdp/shared/contracts';
import { isMap, isSeq } from 'yaml';
import type { GatewayConfig } from './gateway-config.ts';
import type { TokenizationConfig } from './tokenization-config.ts';
import {
  type ConfigSource,
  choiceOf,
  type Entry,
  entriesOf,
  itemsOf,
  nameOf,
  textOf,
  unknownKey,
} from './yaml-entries.ts';

/** Fields of an event that hold one value. */
export const singleEventFields = [
  'event_id',
  'at',
  'user_id',
  'host',
  'source',
  'level',
  'message',
  'amount',
  'currency',
  'merchant',
  'category',
  'channel',
  'country',
] as const;
export type SingleEventField = (typeof singleEventFields)[number];

/** Fields of an event that hold several values by name. */
export const namedEventFields = ['tags', 'attributes', 'metrics'] as const;
export type NamedEventField = (typeof namedEventFields)[number];

/** Which fields of the input become which of an event. */
export interface EventMapping {
  readonly type?: EventType;
  /** Input field by event field. */
  readonly single: ReadonlyMap<SingleEventField, string>;
  /** Input field by name in the event. */
  readonly named: ReadonlyMap<NamedEventField, ReadonlyMap<string, string>>;
}

/** A tokenization configuration for events. Without a mapping the input has the fields of an event already. */
export interface EventConfig {
  readonly tokenization: TokenizationConfig;
  readonly mapping?: EventMapping;
  /** Read by the receiver of OpenTelemetry's data alone. */
  readonly gateway?: GatewayConfig;
}

const knownKeys = ['type', ...singleEventFields, ...namedEventFields];

/** Reads the map `event:`; adds findings for all that is wrong in it. */
export function parseEventMapping(entry: Entry, source: ConfigSource): EventMapping | undefined {
  const { findings } = source;
  if (!isMap(entry.value)) {
    findings.add(entry.value ?? entry.key, 'must map fields of an event to those of the input', 'event');
    return undefined;
  }
  let type: EventType | undefined;
  const single = new Map<SingleEventField, string>();
  const named = new Map<NamedEventField, ReadonlyMap<string, string>>();
  for (const field of entriesOf(entry.value, source)) {
    const placed = { ...field, name: `event.${field.name}` };
    if (field.name === 'type') type = choiceOf(placed, eventTypes, source);
    else if (isOneOf(namedEventFields, field.name)) named.set(field.name, namesOf(placed, source));
    else if (isOneOf(singleEventFields, field.name)) {
      const name = nameOf(placed, source);
      if (name !== undefined) single.set(field.name, name);
    } else findings.add(field.key, unknownKey(field.name, knownKeys), 'event');
  }
  return { ...(type === undefined ? {} : { type }), single, named };
}

/** `[a, b]`, or `{name: a, other: b}`. */
function namesOf(entry: Entry, source: ConfigSource): ReadonlyMap<string, string> {
  const { findings } = source;
  const names = new Map<string, string>();
  if (isMap(entry.value)) {
    for (const { name, key, value } of entriesOf(entry.value, source)) {
      const from = nameOf({ name: `${entry.name}.${name}`, key, value }, source);
      if (from !== undefined) names.set(name, from);
    }
    return names;
  }
  for (const item of isSeq(entry.value) ? itemsOf(entry, source) : []) {
    const name = textOf(item);
    if (name === undefined || name === '') findings.add(item ?? entry.key, 'must be the name of a field', entry.name);
    else names.set(name, name);
  }
  if (names.size === 0)
    findings.add(entry.value ?? entry.key, 'must be a list of fields, or a map to them', entry.name);
  return names;
}

function isOneOf<T extends string>(names: readonly T[], name: string): name is T {
  return (names as readonly string[]).includes(name);
}
