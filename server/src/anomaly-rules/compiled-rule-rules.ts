import { hash } from 'node:crypto';
import { fieldsOfCondition, type RuleCondition, type RuleDefinition, type RuleForm } from '@sdp/shared/contracts';
import { type FindingLevel, nameHash, type StreamEvent, type StreamEventType } from '../detectors/index.ts';
import { comparedFieldsOf, compileCondition, type Predicate } from './condition-rules.ts';
import { type FieldReader, fieldReader } from './event-field-rules.ts';
import { type Aggregate, aggregateOf } from './window-aggregate-rules.ts';

/** What a rule makes of an event that concerns it. */
export interface Match {
  /** What of the rule the event meets, one bit each. */
  readonly bits: number;
  /** Of the value that is told apart; 0 where none is. */
  readonly value: number;
}

/** How a rule is judged: by one event, by what a span of time holds, by samples in a row, or by nothing coming. */
export type RuleKind = 'single' | 'window' | 'sustained' | 'absence';

export interface CompiledRule {
  readonly id: string;
  readonly title: string;
  readonly form: RuleForm;
  readonly kind: RuleKind;
  readonly level: FindingLevel;
  readonly tags: Readonly<Record<string, string>>;
  readonly types: readonly StreamEventType[];
  readonly groupBy: readonly string[];
  /** 0 where one event is judged by itself. */
  readonly withinMs: number;
  readonly cooldownMs: number;
  /** Of `sustained`: samples in a row. */
  readonly samples: number;
  /** Of all that the state of the rule's groups depends on. */
  readonly fingerprint: string;
  /** Whether the groups' events stand in one partition, so that whoever reads that partition can judge them. */
  readonly isLocal: boolean;
  /** Bits of the events that a finding is about; 0 for all. */
  readonly evidenceBits: number;
  match(event: StreamEvent): Match | undefined;
  /** Values of `groupBy`; undefined where the event lacks one: it belongs to no group then. */
  groupOf(event: StreamEvent): readonly string[] | undefined;
  /** Numbers of the event that the rule compares, by field. */
  numbersOf(event: StreamEvent): Readonly<Record<string, number>>;
  /** Of a `window`. */
  newAggregate(): Aggregate;
}

/** By which field each type's events are divided into partitions: those that have it, and share it, stand in one. */
const routingField: Readonly<Record<StreamEventType, string>> = {
  log: 'user_id',
  metric: 'host',
  transaction: 'user_id',
};

export function compileRule(rule: RuleDefinition): CompiledRule {
  const kind = kindOf(rule);
  const withinMs = kind === 'single' || rule.form === 'pattern' ? 0 : (rule.within ?? 0);
  const cooldownMs = rule.cooldown ?? defaultCooldownMs(kind, withinMs);
  const readers = rule.group_by.map(fieldReader);
  const compared = [...new Set(conditionsOf(rule).flatMap(comparedFieldsOf))].map(
    (field) => [field, fieldReader(field)] as const,
  );
  const types = [...new Set(rule.events)];
  const [type] = types;
  const isOneType = types.length === 1 && type !== undefined;
  return {
    ...{ id: rule.id, title: rule.title, form: rule.form, kind, level: rule.severity, tags: rule.tags },
    ...{ types, groupBy: rule.group_by, withinMs, cooldownMs },
    samples: rule.form === 'sustained' ? rule.samples : 0,
    fingerprint: fingerprintOf(rule, withinMs, cooldownMs),
    isLocal: (kind === 'single' && cooldownMs === 0) || (isOneType && rule.group_by.includes(routingField[type])),
    evidenceBits: rule.form === 'rate' || (rule.form === 'ratio' && rule.at_least !== undefined) ? 1 : 0,
    match: matcherOf(rule),
    groupOf: (event) => groupOf(readers, event),
    numbersOf: (event) => numbersOf(compared, event),
    newAggregate: () => aggregateOf(rule, withinMs),
  };
}

function kindOf(rule: RuleDefinition): RuleKind {
  if (rule.form === 'pattern') return 'single';
  if (rule.form === 'sustained' || rule.form === 'absence') return rule.form;
  return (rule.form === 'all' || rule.form === 'any') && rule.within === undefined ? 'single' : 'window';
}

/** A window that was told of once isn't told of again before it has passed. */
function defaultCooldownMs(kind: RuleKind, withinMs: number): number {
  return kind === 'window' || kind === 'sustained' ? withinMs : 0;
}

function conditionsOf(rule: RuleDefinition): readonly RuleCondition[] {
  switch (rule.form) {
    case 'ratio':
      return [rule.numerator, rule.denominator];
    case 'all':
    case 'any':
      return rule.conditions;
    case 'sustained':
      return [...(rule.where === undefined ? [] : [rule.where]), rule.condition];
    default:
      return rule.where === undefined ? [] : [rule.where];
  }
}

/** Words for people, and what is done with a finding, change no state. */
function fingerprintOf(rule: RuleDefinition, withinMs: number, cooldownMs: number): string {
  const { title: _, description: __, severity: ___, tags: ____, enabled: _____, ...rest } = rule;
  return hash('sha256', JSON.stringify({ ...rest, withinMs, cooldownMs }), 'hex').slice(0, 12);
}

type Matcher = (event: StreamEvent) => Match | undefined;
const matchOf = (bits: number): Match => ({ bits, value: 0 });
/** The same object for all events: matching is done for every rule and event. */
const matches = Array.from({ length: 4 }, (_, bits) => matchOf(bits));

function matcherOf(rule: RuleDefinition): Matcher {
  const where = 'where' in rule && rule.where !== undefined ? compileCondition(rule.where) : () => true;
  const met = matches[1];
  switch (rule.form) {
    case 'threshold':
    case 'absence':
    case 'pattern':
      return (event) => (where(event) ? met : undefined);
    case 'rate':
      // Of a share, all others count as well.
      if (rule.share === undefined) return (event) => (where(event) ? met : undefined);
      return (event) => matches[where(event) ? 3 : 2];
    case 'sustained':
      return sampleMatcher(where, compileCondition(rule.condition), fieldsOfCondition(rule.condition).map(fieldReader));
    case 'distinct': {
      const read = fieldReader(rule.field);
      return (event) => {
        const value = read(event);
        return value !== undefined && where(event) ? { bits: 1, value: nameHash(String(value)) } : undefined;
      };
    }
    case 'ratio': {
      const [numerator, denominator] = [compileCondition(rule.numerator), compileCondition(rule.denominator)];
      return (event) => {
        const bits = (numerator(event) ? 1 : 0) | (denominator(event) ? 2 : 0);
        return bits === 0 ? undefined : matches[bits];
      };
    }
    case 'all':
    case 'any':
      return rule.within === undefined
        ? singleMatcher(
            rule.conditions.map(compileCondition),
            rule.form === 'all' ? rule.conditions.length : rule.at_least,
          )
        : bitsMatcher(rule.conditions.map(compileCondition));
  }
}

/** An event that lacks a field of the condition is no sample: another kind of sample of the same host breaks no row. */
function sampleMatcher(where: Predicate, condition: Predicate, readers: readonly FieldReader[]): Matcher {
  return (event) => {
    if (readers.some((read) => read(event) === undefined) || !where(event)) return undefined;
    return matches[condition(event) ? 1 : 0];
  };
}

function singleMatcher(conditions: readonly Predicate[], atLeast: number): Matcher {
  return (event) => {
    let left = atLeast;
    for (const condition of conditions) {
      if (condition(event)) left -= 1;
      if (left === 0) return matches[1];
    }
    return undefined;
  };
}

function bitsMatcher(conditions: readonly Predicate[]): Matcher {
  return (event) => {
    let bits = 0;
    for (const [index, condition] of conditions.entries()) if (condition(event)) bits |= 1 << index;
    return bits === 0 ? undefined : matchOf(bits);
  };
}

function groupOf(readers: readonly FieldReader[], event: StreamEvent): readonly string[] | undefined {
  if (readers.length === 0) return noGroup;
  const group: string[] = [];
  for (const read of readers) {
    const value = read(event);
    if (value === undefined) return undefined;
    group.push(String(value));
  }
  return group;
}

const noGroup: readonly string[] = [];

function numbersOf(compared: readonly (readonly [string, FieldReader])[], event: StreamEvent): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [field, read] of compared) {
    const value = read(event);
    if (typeof value === 'number') numbers[field] = value;
  }
  return numbers;
}
