import { z } from 'zod';
import { re2PatternSchema } from '../re2-pattern.ts';

const deepest = 6;
const text = z.string().max(1_000);
const value = z.union([text, z.number(), z.boolean()]);
const values = z.array(value).min(1).max(1_000);

function comparisonOf(field: z.ZodType<string>) {
  return z
    .strictObject({
      field,
      equals: value.optional(),
      not_equals: value.optional(),
      in: values.optional(),
      not_in: values.optional(),
      contains: text.min(1).optional(),
      ignore_case: z.boolean().default(false),
      matches: re2PatternSchema.min(1).optional(),
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
}

/** What a rule asks of one field. */
export type RuleComparison = z.infer<ReturnType<typeof comparisonOf>>;
/** What an event, or a row, is held against. */
export type RuleCondition =
  | RuleComparison
  | { all: RuleCondition[] }
  | { any: RuleCondition[] }
  | { not: RuleCondition };

/**
 * Conditions of rules. One object schema is chosen by the key that is there, so that a mistake is reported where it is and once.
 *
 * @param field names that a condition may look at
 */
export function ruleConditionSchema(field: z.ZodType<string>): z.ZodType<RuleCondition> {
  const comparison = comparisonOf(field);
  const condition: z.ZodType<RuleCondition> = z.lazy(() =>
    z.unknown().transform((given, context): RuleCondition => {
      const parsed = schemaFor(given).safeParse(given);
      if (parsed.success) return parsed.data as RuleCondition;
      for (const { path, message, ...issue } of parsed.error.issues) {
        const at = { path: [...path], message };
        if (issue.code === 'unrecognized_keys')
          context.addIssue({ ...at, code: issue.code, keys: issue.keys, input: Object(given) });
        else context.addIssue({ ...at, code: 'custom' });
      }
      return z.NEVER;
    }),
  );
  const parts = z.array(condition).min(1).max(50);
  const combined = {
    all: z.strictObject({ all: parts }),
    any: z.strictObject({ any: parts }),
    not: z.strictObject({ not: condition }),
  };
  const schemaFor = (given: unknown): z.ZodType => {
    if (typeof given === 'object' && given !== null) {
      for (const key of ['all', 'any', 'not'] as const) if (Object.hasOwn(given, key)) return combined[key];
    }
    return comparison;
  };
  return condition.refine((given) => !isTooDeep(given), 'has conditions inside one another too deep');
}

/** Whether conditions stand inside one another deeper than rules may. */
function isTooDeep(condition: RuleCondition, depth = 0): boolean {
  if (depth > deepest) return true;
  return partsOfCondition(condition).some((part) => isTooDeep(part, depth + 1));
}

/** Fields that a condition reads, each once. */
export function fieldsOfCondition(condition: RuleCondition): readonly string[] {
  const own = 'field' in condition ? [condition.field] : [];
  return [...new Set([...own, ...partsOfCondition(condition).flatMap(fieldsOfCondition)])];
}

/** Conditions that a condition combines. */
export function partsOfCondition(condition: RuleCondition): readonly RuleCondition[] {
  if ('all' in condition) return condition.all;
  if ('any' in condition) return condition.any;
  return 'not' in condition ? [condition.not] : [];
}
