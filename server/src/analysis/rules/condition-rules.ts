import { RE2JS } from 're2js';
import { z } from 'zod';
import type { StreamEvent } from '../../detectors/index.ts';
import { type FieldReader, fieldPattern, fieldReader } from './event-field-rules.ts';

const deepest = 6;
const field = z.string().regex(fieldPattern, 'is no field of an event');
const text = z.string().max(1_000);
const value = z.union([text, z.number(), z.boolean()]);
const values = z.array(value).min(1).max(1_000);

const comparison = z
  .strictObject({
    field,
    equals: value.optional(),
    not_equals: value.optional(),
    in: values.optional(),
    not_in: values.optional(),
    contains: text.min(1).optional(),
    ignore_case: z.boolean().default(false),
    matches: z.string().min(1).max(1_000).refine(isPattern, 'is no pattern of RE2').optional(),
    above: z.number().optional(),
    at_least: z.number().optional(),
    below: z.number().optional(),
    at_most: z.number().optional(),
    exists: z.boolean().optional(),
  })
  .refine(
    (test) => Object.keys(test).some((key) => key !== 'field' && key !== 'ignore_case'),
    'needs at least one of equals, not_equals, in, not_in, contains, matches, above, at_least, below, at_most, exists',
  )
  .refine(
    ({ ignore_case: ignoresCase, contains }) => !ignoresCase || contains !== undefined,
    'ignore_case goes with contains; a pattern ignores case by (?i)',
  );

type Comparison = z.infer<typeof comparison>;
/** What an event is held against. */
export type Condition = Comparison | { all: Condition[] } | { any: Condition[] } | { not: Condition };

// One object schema is chosen by the key that is there, so that a mistake is reported where it is and once.
export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.unknown().transform((given, context): Condition => {
    const parsed = schemaFor(given).safeParse(given);
    if (parsed.success) return parsed.data as Condition;
    for (const { path, message, ...issue } of parsed.error.issues) {
      const at = { path: [...path], message };
      if (issue.code === 'unrecognized_keys')
        context.addIssue({ ...at, code: issue.code, keys: issue.keys, input: Object(given) });
      else context.addIssue({ ...at, code: 'custom' });
    }
    return z.NEVER;
  }),
);

const parts = () => z.array(conditionSchema).min(1).max(50);
const combined = {
  all: z.lazy(() => z.strictObject({ all: parts() })),
  any: z.lazy(() => z.strictObject({ any: parts() })),
  not: z.lazy(() => z.strictObject({ not: conditionSchema })),
};

function schemaFor(given: unknown): z.ZodType {
  if (typeof given === 'object' && given !== null) {
    for (const key of ['all', 'any', 'not'] as const) if (Object.hasOwn(given, key)) return combined[key];
  }
  return comparison;
}

/** Whether conditions stand inside one another deeper than rules may. */
export function isTooDeep(condition: Condition, depth = 0): boolean {
  if (depth > deepest) return true;
  return innerOf(condition).some((part) => isTooDeep(part, depth + 1));
}

/** Fields that a condition reads, each once. */
export function fieldsOf(condition: Condition): readonly string[] {
  const own = 'field' in condition ? [condition.field] : [];
  return [...new Set([...own, ...innerOf(condition).flatMap(fieldsOf)])];
}

/** Fields whose numbers a condition compares, each once. */
export function comparedFieldsOf(condition: Condition): readonly string[] {
  if (!('field' in condition)) return [...new Set(innerOf(condition).flatMap(comparedFieldsOf))];
  const { above, at_least: atLeast, below, at_most: atMost } = condition;
  return [above, atLeast, below, atMost].some((bound) => bound !== undefined) ? [condition.field] : [];
}

function innerOf(condition: Condition): readonly Condition[] {
  if ('all' in condition) return condition.all;
  if ('any' in condition) return condition.any;
  return 'not' in condition ? [condition.not] : [];
}

export type Predicate = (event: StreamEvent) => boolean;

/** Of a field that the event lacks, nothing holds but `exists: false`. */
export function compileCondition(condition: Condition): Predicate {
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

function compileComparison(test: Comparison): Predicate {
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

function checksOf(test: Comparison): Check[] {
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

function isPattern(source: string): boolean {
  try {
    RE2JS.compile(source);
    return true;
  } catch {
    return false;
  }
}
