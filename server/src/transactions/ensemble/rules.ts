import { ConfigError } from '@sdp/shared/errors';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { packageInvalid } from './manifest.ts';
import { compileCondition, conditionSchema, isTooDeep, type Predicate } from './rule-conditions.ts';

const largestFileBytes = 1_000_000;

const ruleSchema = z.strictObject({
  code: z.string().regex(/^[a-z][a-z0-9_]{0,63}$/),
  /** A sentence for people. */
  text: z.string().min(1).max(300),
  when: conditionSchema.refine((condition) => !isTooDeep(condition), { message: 'conditions stand too deep' }),
  effect: z.union([
    /** The decision is at least this one. */
    z.strictObject({ raise_to: z.enum(['REVIEW', 'DECLINE']) }),
    /** Log-odds that are added to the members'; negative lowers the score. */
    z.strictObject({ add: z.number().min(-10).max(10) }),
  ]),
});
const rulesSchema = z
  .strictObject({ schema_version: z.literal(1), rules: z.array(ruleSchema).max(200) })
  .refine(({ rules }) => new Set(rules.map(({ code }) => code)).size === rules.length, {
    message: 'two rules have the same code',
  });

/** A rule that can be asked. */
export interface Rule {
  readonly code: string;
  readonly text: string;
  readonly hits: Predicate;
  readonly raiseTo: 'REVIEW' | 'DECLINE' | undefined;
  /** Log-odds; 0 for a rule that raises. */
  readonly add: number;
}

/** @throws {ConfigError} `model-invalid` naming every field that is wrong */
export function parseRules(bytes: Uint8Array, file: string): Rule[] {
  if (bytes.length > largestFileBytes) throw packageInvalid('the rules are too large', file);
  const parsed = rulesSchema.safeParse(parseYaml(bytes, file));
  if (!parsed.success) {
    const findings = parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), message }));
    throw new ConfigError('model-invalid', { message: 'the rules are not valid', details: { file, findings } });
  }
  return parsed.data.rules.map(({ code, text, when, effect }) => ({
    code,
    text,
    hits: compileCondition(when),
    raiseTo: 'raise_to' in effect ? effect.raise_to : undefined,
    add: 'add' in effect ? effect.add : 0,
  }));
}

function parseYaml(bytes: Uint8Array, file: string): unknown {
  const document = parseDocument(new TextDecoder().decode(bytes), { schema: 'core', uniqueKeys: true });
  const [error] = document.errors;
  if (error) throw packageInvalid(`the rules are not YAML, line ${error.linePos?.[0].line ?? 1}`, file);
  try {
    // Without aliases, so that a few lines can't stand for millions.
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    throw packageInvalid('the rules use aliases', file);
  }
}
