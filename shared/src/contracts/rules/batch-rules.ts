import { z } from 'zod';
import { columnNameSchema } from '../column-name.ts';
import type { EventType } from '../event.ts';
import { fieldsOfCondition } from './condition.ts';
import { eachIdOnce, type RuleDefinition, ruleFormsOf } from './rule-forms.ts';

/** Rules that a batch may bring. */
export const mostBatchRules = 50;

/** A batch has rows of one kind, so its rules don't say which they are about. */
const noEvents: z.ZodType<EventType[]> = z
  .unknown()
  .optional()
  .transform((given, context): EventType[] => {
    if (given !== undefined) context.addIssue({ code: 'custom', message: 'is not for rules of batches: leave it out' });
    return ['log'];
  });

const printable = /^[^\p{C}]*$/u;

/** Rules over the rows of a batch: as those over events, but their fields are columns, by the names in the header. */
export const batchRulesSchema = z
  .array(ruleFormsOf({ field: columnNameSchema, events: noEvents }))
  .min(1)
  .max(mostBatchRules)
  .superRefine((rules, context) => {
    eachIdOnce(rules, context, []);
    for (const [index, { title }] of rules.entries()) {
      if (!printable.test(title)) {
        context.addIssue({ code: 'custom', path: [index, 'title'], message: 'must hold no control characters' });
      }
    }
  });

/** A file of such rules. */
export const batchRulesFileSchema = z.strictObject({ version: z.literal(1), rules: batchRulesSchema });

/** Whether more than one row decides, so that the rows' times have to be known. */
export function needsTimes(rule: RuleDefinition): boolean {
  return rule.form !== 'pattern' && 'within' in rule && rule.within !== undefined;
}

/** Columns that rules look at, each once. */
export function columnsOfRules(rules: readonly RuleDefinition[]): string[] {
  return [...new Set(rules.flatMap((rule) => [...rule.group_by, ...columnsOfForm(rule)]))];
}

function columnsOfForm(rule: RuleDefinition): readonly string[] {
  const where = 'where' in rule && rule.where !== undefined ? fieldsOfCondition(rule.where) : [];
  switch (rule.form) {
    case 'ratio':
      return [rule.numerator, rule.denominator].flatMap(fieldsOfCondition);
    case 'all':
    case 'any':
      return rule.conditions.flatMap(fieldsOfCondition);
    case 'sustained':
      return [...where, ...fieldsOfCondition(rule.condition)];
    case 'distinct':
      return [...where, rule.field];
    default:
      return where;
  }
}
