import { partsOfCondition, type RuleComparison, type RuleCondition } from '@sdp/shared/contracts';
import { RE2JS } from 're2js';
import type { StreamEvent } from '../detectors/index.ts';
import { type FieldReader, fieldReader } from './event-field-rules.ts';

/** Fields whose numbers a condition compares, each once. */
export function comparedFieldsOf(condition: RuleCondition): readonly string[] {
  if (!('field' in condition)) return [...new Set(partsOfCondition(condition).flatMap(comparedFieldsOf))];
  const { above, at_least: atLeast, below, at_most: atMost } = condition;
  return [above, atLeast, below, atMost].some((bound) => bound !== undefined) ? [condition.field] : [];
}

export type Predicate = (event: StreamEvent) => boolean;

/** Of a field that the event lacks, nothing holds but `exists: false`. */
export function compileCondition(condition: RuleCondition): Predicate {
  if ('all' in condition) {
    const inner = condition.all.map(compileCondition);
    return (event) => inner.every((part) => part(event));
  }
  if ('any' in condition) {
    const inner = condition.any.map(compileCondition);
    return (event) => inner.some((part) => part(event));
  }
  if ('not' in condition) {
    const inner = compileCondition(condition.not);
    return (event) => !inner(event);
  }
  return compileComparison(condition);
}

type Check = (value: string | number | boolean) => boolean;

function compileComparison(test: RuleComparison): Predicate {
  const read: FieldReader = fieldReader(test.field);
  const checks = checksOf(test);
  const wantsAbsence = test.exists === false;
  const [only] = checks;
  if (checks.length === 1 && only !== undefined && !wantsAbsence) {
    return (event) => {
      const actual = read(event);
      return actual !== undefined && only(actual);
    };
  }
  return (event) => {
    const actual = read(event);
    if (actual === undefined) return wantsAbsence && checks.length === 0;
    return !wantsAbsence && checks.every((check) => check(actual));
  };
}

function checksOf(test: RuleComparison): Check[] {
  const checks: Check[] = [];
  const { equals, not_equals: notEquals, contains, matches } = test;
  if (equals !== undefined) checks.push((actual) => actual === equals);
  if (notEquals !== undefined) checks.push((actual) => actual !== notEquals);
  if (test.in !== undefined) checks.push(memberOf(test.in, true));
  if (test.not_in !== undefined) checks.push(memberOf(test.not_in, false));
  if (contains !== undefined) checks.push(containing(contains, test.ignore_case));
  if (matches !== undefined) {
    // RE2 needs a time linear in the text, whatever the pattern: no event can stall a worker.
    const pattern = RE2JS.compile(matches);
    checks.push((actual) => typeof actual === 'string' && pattern.matcher(actual).find());
  }
  const { above, at_least: atLeast, below, at_most: atMost } = test;
  if (above !== undefined) checks.push((actual) => typeof actual === 'number' && actual > above);
  if (atLeast !== undefined) checks.push((actual) => typeof actual === 'number' && actual >= atLeast);
  if (below !== undefined) checks.push((actual) => typeof actual === 'number' && actual < below);
  if (atMost !== undefined) checks.push((actual) => typeof actual === 'number' && actual <= atMost);
  return checks;
}

function memberOf(list: readonly (string | number | boolean)[], isWanted: boolean): Check {
  const wanted = new Set(list);
  return (actual) => wanted.has(actual) === isWanted;
}

function containing(part: string, ignoresCase: boolean): Check {
  if (!ignoresCase) return (actual) => typeof actual === 'string' && actual.includes(part);
  const lower = part.toLowerCase();
  return (actual) => typeof actual === 'string' && actual.toLowerCase().includes(lower);
}
