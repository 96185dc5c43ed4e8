import { hash } from 'node:crypto';
import { durationText } from '@sdp/shared/contracts';
import type { ExplanationValue, Finding } from '../detectors/index.ts';
import type { CompiledRule } from './compiled-rule-rules.ts';
import { isNameable } from './event-field-rules.ts';
import { groupKeyOf } from './fact-rules.ts';
import type { Firing } from './firing-rules.ts';

export interface JudgedPlace {
  readonly topic: string;
  readonly partition: number;
}

/** Longest of a tag's text. */
const longestTag = 256;

/**
 * What a met rule tells the world. Its dedupe key is made of the rule's id, the group and the event that completed it: the same
 * events give the same key, whatever became of the rule's words and numbers meanwhile.
 */
export function findingOf(firing: Firing, { topic, partition }: JudgedPlace): Finding {
  const { rule, clientId, group, eventId, atMs, count, eventIds, firstOffset, lastOffset, numbers, fact } = firing;
  const named = groupNames(rule, group);
  const userId = named['user_id'] ?? fact?.userId;
  const groupKey = `rule:${rule.id}:${digestOf(groupKeyOf(clientId, group))}`;
  return {
    detector: `rule:${rule.id}`,
    detectorVersion: rule.fingerprint,
    clientId,
    at: new Date(atMs),
    alertType: rule.id,
    level: rule.level,
    title: rule.title,
    message: messageOf(firing, named),
    ...(userId !== undefined && { userId }),
    tags: tagsOf(firing, named),
    metrics: numbers,
    explanation: explanationOf(firing, named),
    evidence: {
      ...{ topic, partition, eventIds, count },
      ...{ firstOffset: BigInt(firstOffset), lastOffset: BigInt(lastOffset) },
    },
    dedupeKey: `rule:${rule.id}:${digestOf(`${groupKeyOf(clientId, group)}\0${eventId}`)}`,
    groupKey,
  };
}

/** Values that the rule groups by, or a digest of those that are free text. */
function groupNames(rule: CompiledRule, group: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    rule.groupBy.map((field, index) => {
      const value = group[index] ?? '';
      return [field, isNameable(field) ? value : `#${digestOf(value).slice(0, 12)}`];
    }),
  );
}

function tagsOf({ rule, fact }: Firing, named: Readonly<Record<string, string>>): Record<string, string> {
  const about = Object.entries(named).filter(([field]) => field !== 'user_id');
  const host = named['host'] ?? fact?.host;
  const source = named['source'] ?? fact?.source;
  const tags = { ...Object.fromEntries(about), ...(host && { host }), ...(source && { source }), ...rule.tags };
  return Object.fromEntries(Object.entries(tags).map(([name, text]) => [name, text.slice(0, longestTag)]));
}

function explanationOf(firing: Firing, named: Readonly<Record<string, string>>) {
  const { rule, firstMs, lastMs, count, numbers, isAtLeast, isSkewed } = firing;
  const explanation: Record<string, ExplanationValue> = {
    rule: rule.id,
    form: rule.form,
    numbers,
    events: count,
    first_at: new Date(firstMs).toISOString(),
    last_at: new Date(lastMs).toISOString(),
  };
  if (rule.withinMs > 0) explanation['within_seconds'] = rule.withinMs / 1_000;
  if (rule.groupBy.length > 0) explanation['group'] = named;
  if (isAtLeast) explanation['at_least'] = true;
  if (isSkewed) explanation['clock_ahead'] = true;
  return explanation;
}

function messageOf(firing: Firing, named: Readonly<Record<string, string>>): string {
  const about = Object.entries(named).map(([field, value]) => `${field} ${value.slice(0, longestTag)}`);
  return [whatHappened(firing), ...(about.length > 0 ? [`for ${about.join(', ')}`] : [])].join(' ');
}

function whatHappened({ rule, numbers, isAtLeast }: Firing): string {
  const number = (name: string) => shortNumber(numbers[name] ?? 0);
  const within = `within ${durationText(rule.withinMs)}`;
  const more = isAtLeast ? 'more than ' : '';
  switch (rule.form) {
    case 'threshold':
      return `${more}${number('count')} events ${within}, the limit is ${number('limit')}`;
    case 'rate':
      return 'share' in numbers
        ? `${number('matching')} of ${number('events')} events ${within}, a share of ${number('share')}, the limit is ${number('limit')}`
        : `${more}${number('per_second')} events a second ${within}, the limit is ${number('limit')}`;
    case 'ratio':
      return `${number('numerator')} to ${number('denominator')} events ${within}, a ratio of ${number('ratio')}, the limit is ${number('limit')}`;
    case 'distinct':
      return `${more}${number('distinct')} different values ${within}, the limit is ${number('limit')}`;
    case 'sustained':
      return `${number('samples')} samples in a row${comparedText(numbers)}`;
    case 'absence':
      return `nothing came for ${durationText(rule.withinMs)}`;
    case 'pattern':
      return `an event met the rule${comparedText(numbers)}`;
    case 'all':
    case 'any':
      return rule.kind === 'single'
        ? `an event met the rule${comparedText(numbers)}`
        : `${number('conditions')} conditions were met ${within}, ${number('limit')} are enough`;
  }
}

function comparedText(numbers: Readonly<Record<string, number>>): string {
  const compared = Object.entries(numbers).filter(([name]) => name !== 'samples' && name !== 'limit');
  return compared.length === 0
    ? ''
    : `: ${compared.map(([name, value]) => `${name} ${shortNumber(value)}`).join(', ')}`;
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(12)));
}

function digestOf(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 32);
}
