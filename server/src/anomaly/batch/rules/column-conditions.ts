import type { RuleComparison, RuleCondition, RuleDefinition } from '@sdp/shared/contracts';

type Value = string | number | boolean;

/** What a rule reads of a column: the text of its cells, or the numbers in them. */
export const readings = ['text', 'number'] as const;
export type Reading = (typeof readings)[number];

/** Field under which a row shows a column. */
export function fieldFor(reading: Reading, column: string): string {
  return `attributes.${nameFor(reading, column)}`;
}

/** Its name among the row's attributes. */
export function nameFor(reading: Reading, column: string): string {
  return `${reading}:${column}`;
}

/**
 * Rewrites a rule over columns as one over the attributes of rows. Cells of CSV are text, so what a condition compares with says
 * how the cell is read: numbers with the number in it, texts with its text, `true` and `false` as they are usually written.
 */
export function overRows(rule: RuleDefinition): RuleDefinition {
  const group_by = rule.group_by.map((column) => fieldFor('text', column));
  switch (rule.form) {
    case 'ratio':
      return { ...rule, group_by, numerator: overRow(rule.numerator), denominator: overRow(rule.denominator) };
    case 'all':
    case 'any':
      return { ...rule, group_by, conditions: rule.conditions.map(overRow) };
    case 'sustained':
      return { ...rule, group_by, ...whereOf(rule), condition: overRow(rule.condition) };
    case 'distinct':
      return { ...rule, group_by, ...whereOf(rule), field: fieldFor('text', rule.field) };
    case 'rate':
    case 'pattern':
      return { ...rule, group_by, where: overRow(rule.where) };
    default:
      return { ...rule, group_by, ...whereOf(rule) };
  }
}

function whereOf({ where }: { readonly where?: RuleCondition | undefined }): { where?: RuleCondition } {
  return where === undefined ? {} : { where: overRow(where) };
}

function overRow(condition: RuleCondition): RuleCondition {
  if ('all' in condition) return { all: condition.all.map(overRow) };
  if ('any' in condition) return { any: condition.any.map(overRow) };
  if ('not' in condition) return { not: overRow(condition.not) };
  return comparisonOverRow(condition);
}

function comparisonOverRow(test: RuleComparison): RuleCondition {
  const { field, equals, not_equals: notEquals, in: wanted, not_in: unwanted } = test;
  const { contains, ignore_case, matches, exists, above, at_least, below, at_most } = test;
  const text = { field: fieldFor('text', field), ignore_case: false };
  const number = { field: fieldFor('number', field), ignore_case: false };
  const isAny = (values: readonly Value[]): RuleCondition => {
    const numbers = values.filter((value) => typeof value === 'number');
    const texts = values.filter((value) => typeof value !== 'number').flatMap(writtenAs);
    const inNumbers = { ...number, in: numbers };
    const inTexts = { ...text, in: texts };
    if (texts.length === 0) return inNumbers;
    return numbers.length === 0 ? inTexts : { any: [inNumbers, inTexts] };
  };
  const isNone = (values: readonly Value[]): RuleCondition => ({
    all: [{ ...text, exists: true }, { not: isAny(values) }],
  });
  const parts: RuleCondition[] = [];
  if (equals !== undefined) parts.push(isAny([equals]));
  if (notEquals !== undefined) parts.push(isNone([notEquals]));
  if (wanted !== undefined) parts.push(isAny(wanted));
  if (unwanted !== undefined) parts.push(isNone(unwanted));
  if (contains !== undefined) parts.push({ ...text, contains, ignore_case });
  if (matches !== undefined) parts.push({ ...text, matches });
  if (exists !== undefined) parts.push({ ...text, exists });
  if ([above, at_least, below, at_most].some((bound) => bound !== undefined)) {
    parts.push({ ...number, above, at_least, below, at_most });
  }
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { all: parts };
}

function writtenAs(value: Value): readonly string[] {
  if (typeof value !== 'boolean') return [String(value)];
  return value ? ['true', 'True', 'TRUE'] : ['false', 'False', 'FALSE'];
}
