import type { Transaction } from '@sdp/shared/contracts';
import { z } from 'zod';
import { featureSet } from '../features/index.ts';

/** Fields of the transaction that rules may ask for, beside features. None is a token. */
const textFields = ['currency', 'channel', 'country', 'merchant_category'] as const;
const deepest = 6;

const text = z.string().min(1).max(100);
const numberCondition = z.strictObject({
  feature: z.enum(featureSet.names as readonly [string, ...string[]]),
  op: z.enum(['<', '<=', '>', '>=', '==', '!=']),
  value: z.number(),
});
const textCondition = z.strictObject({
  field: z.enum(textFields),
  op: z.enum(['is', 'is_not', 'in', 'not_in']),
  value: z.union([text, z.array(text).min(1).max(1_000)]),
});

type NumberCondition = z.infer<typeof numberCondition>;
type TextCondition = z.infer<typeof textCondition>;
/** What must hold for a rule to hit. */
export type Condition =
  | NumberCondition
  | TextCondition
  | { all: Condition[] }
  | { any: Condition[] }
  | { not: Condition };

export const conditionSchema: z.ZodType<Condition> = z.lazy(() =>
  z.union([
    numberCondition,
    textCondition.refine(({ op, value }) => Array.isArray(value) === (op === 'in' || op === 'not_in'), {
      message: 'in and not_in take a list, is and is_not one text',
    }),
    z.strictObject({ all: z.array(conditionSchema).min(1).max(50) }),
    z.strictObject({ any: z.array(conditionSchema).min(1).max(50) }),
    z.strictObject({ not: conditionSchema }),
  ]),
);

/** A transaction as rules see it; amounts in the package's currency. */
export interface Circumstances {
  readonly transaction: Transaction;
  readonly vector: Float32Array;
}
export type Predicate = (circumstances: Circumstances) => boolean;

/** Whether conditions stand inside one another deeper than rules may. */
export function isTooDeep(condition: Condition, depth = 0): boolean {
  if (depth > deepest) return true;
  if ('not' in condition) return isTooDeep(condition.not, depth + 1);
  if ('all' in condition) return condition.all.some((part) => isTooDeep(part, depth + 1));
  if ('any' in condition) return condition.any.some((part) => isTooDeep(part, depth + 1));
  return false;
}

/** A condition over a field that the transaction lacks, or a feature that is no number, does not hold. */
export function compileCondition(condition: Condition): Predicate {
  if ('all' in condition) {
    const parts = condition.all.map(compileCondition);
    return (circumstances) => parts.every((part) => part(circumstances));
  }
  if ('any' in condition) {
    const parts = condition.any.map(compileCondition);
    return (circumstances) => parts.some((part) => part(circumstances));
  }
  if ('not' in condition) {
    const part = compileCondition(condition.not);
    return (circumstances) => !part(circumstances);
  }
  return 'feature' in condition ? compileNumber(condition) : compileText(condition);
}

const comparisons: Record<NumberCondition['op'], (left: number, right: number) => boolean> = {
  '<': (left, right) => left < right,
  '<=': (left, right) => left <= right,
  '>': (left, right) => left > right,
  '>=': (left, right) => left >= right,
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right && !Number.isNaN(left),
};

function compileNumber({ feature, op, value }: NumberCondition): Predicate {
  const column = featureSet.names.indexOf(feature);
  const compare = comparisons[op];
  // Features are float32; 0.1 of a rule must equal 0.1 of a feature.
  const bound = Math.fround(value);
  return ({ vector }) => compare(vector[column] as number, bound);
}

function compileText({ field, op, value }: TextCondition): Predicate {
  const values = new Set<string>(typeof value === 'string' ? [value] : value);
  const isWanted = op === 'is' || op === 'in';
  return ({ transaction }) => {
    const actual = transaction[field];
    return actual !== undefined && values.has(actual) === isWanted;
  };
}
