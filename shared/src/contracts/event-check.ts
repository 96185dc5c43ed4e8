import { z } from 'zod';
import { eventLimits, eventNamePattern, logLevels } from './event.ts';

const instant = z.regexes.datetime({ offset: true });
const capitals3 = /^[A-Z]{3}$/;
const capitals2 = /^[A-Z]{2}$/;
const levels: ReadonlySet<unknown> = new Set(logLevels);

/** Names come again and again: each is held against the pattern once. */
const knownNames = new Set<string>();
const mostKnownNames = 10_000;

/**
 * Whether a value surely is an event as the contract has it. For what comes by the ten thousand a second: it takes a tenth of the
 * time that the schema takes, which is its oracle in the tests. False says nothing.
 */
export function isSurelyEvent(value: unknown): boolean {
  if (!isPlain(value)) return false;
  const isRight = fields[String(value['type'])];
  if (isRight === undefined) return false;
  for (const name in value) {
    if (name === 'type' || name === 'event_id' || name === 'at') continue;
    if (!Object.hasOwn(value, name) || !isRight(name, value[name], value)) return false;
  }
  return isText(value['event_id'], 1, eventLimits.idLength) && isInstant(value['at']) && isComplete(value);
}

/** The same for a list of which each must be of one type. */
export function areSurelyEvents(values: unknown, type: unknown, most: number): boolean {
  if (!Array.isArray(values) || values.length === 0 || values.length > most) return false;
  for (const value of values) if (!isSurelyEvent(value) || (value as { type: unknown }).type !== type) return false;
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

const fields: Readonly<Record<string, ((name: string, value: unknown, event: Fields) => boolean) | undefined>> =
  Object.assign(Object.create(null), {
    log: (name: string, value: unknown) => {
      if (name === 'level') return levels.has(value);
      if (name === 'message') return isText(value, 0, eventLimits.messageLength);
      if (name === 'attributes') return isRecord(value, eventLimits.attributes, isAttribute);
      return isCommon(name, value);
    },
    metric: (name: string, value: unknown) =>
      name === 'metrics' ? isRecord(value, eventLimits.metrics, isNumber) && !isEmpty(value) : isCommon(name, value),
    transaction: (name: string, value: unknown) => {
      switch (name) {
        case 'amount':
          return isNumber(value) && Math.abs(value) <= eventLimits.maxAmount;
        case 'currency':
          return typeof value === 'string' && capitals3.test(value);
        case 'country':
          return typeof value === 'string' && capitals2.test(value);
        case 'merchant':
        case 'category':
        case 'channel':
          return isText(value, 1, eventLimits.idLength);
        default:
          return isCommon(name, value);
      }
    },
  });

function isCommon(name: string, value: unknown): boolean {
  switch (name) {
    case 'user_id':
    case 'source':
      return isText(value, 1, eventLimits.idLength);
    case 'host':
      return isText(value, 1, eventLimits.hostLength);
    case 'tags':
      return isRecord(value, eventLimits.tags, isTag);
    default:
      return false;
  }
}

function isComplete(event: Fields): boolean {
  if (event['type'] === 'log') return event['level'] !== undefined && event['message'] !== undefined;
  if (event['type'] === 'metric') return event['metrics'] !== undefined;
  return event['user_id'] !== undefined && event['amount'] !== undefined;
}

function isPlain(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function isText(value: unknown, shortest: number, longest: number): boolean {
  return typeof value === 'string' && value.length >= shortest && value.length <= longest;
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && value.length <= 40 && instant.test(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isTag(value: unknown): boolean {
  return isText(value, 0, eventLimits.tagLength);
}

function isAttribute(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= eventLimits.attributeLength;
  return value === null || typeof value === 'boolean' || isNumber(value);
}

function isRecord(value: unknown, most: number, isRight: (each: unknown) => boolean): boolean {
  if (!isPlain(value)) return false;
  let count = 0;
  for (const name in value) {
    count += 1;
    if (count > most || !Object.hasOwn(value, name) || !isName(name) || !isRight(value[name])) return false;
  }
  return true;
}

function isEmpty(value: unknown): boolean {
  for (const _ in value as object) return false;
  return true;
}

function isName(name: string): boolean {
  if (knownNames.has(name)) return true;
  if (!eventNamePattern.test(name)) return false;
  if (knownNames.size < mostKnownNames) knownNames.add(name);
  return true;
}
