import { z } from 'zod';
import { anomalyLevels } from '../anomaly-level.ts';
import type { EventType } from '../event.ts';
import { ruleConditionSchema } from './condition.ts';
import { durationSchema } from './duration.ts';

const second = 1_000;
const hour = 3_600_000;
const day = 24 * hour;
/** Bounds that the memory of a group follows from. */
export const largestRuleCount = 10_000;

export interface RuleVocabulary {
  /** Names that conditions and groups may be of. */
  readonly field: z.ZodType<string>;
  /** Kinds of events that a rule may be about. */
  readonly events: z.ZodType<EventType[]>;
}

/** Rules as they are written, whatever they are about. Gives times in milliseconds. */
export function ruleFormsOf({ field, events }: RuleVocabulary) {
  const condition = ruleConditionSchema(field);
  const within = durationSchema(second, day);
  const common = {
    id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and -, at most 64'),
    title: z.string().min(1).max(200),
    description: z.string().max(1_000).optional(),
    enabled: z.boolean().default(true),
    events,
    severity: z.enum(anomalyLevels).default('WARNING'),
    tags: z.record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), z.string().max(256)).default({}),
    group_by: z.array(field).max(4).default([]),
    cooldown: z.union([z.literal('0s').transform(() => 0), durationSchema(second, 7 * day)]).optional(),
  };
  const where = condition.optional();
  const count = z.int().min(1).max(largestRuleCount);
  const conditions = z.array(condition).min(1).max(16);
  const share = z.number().min(0).max(1);
  const forms = [
    z.strictObject({ form: z.literal('threshold'), ...common, where, count, within }),
    z
      .strictObject({
        form: z.literal('rate'),
        ...common,
        where: condition,
        per_second: z.number().positive().max(1_000_000).optional(),
        share: share.optional(),
        minimum: count.default(20),
        within,
      })
      .refine(
        ({ per_second: perSecond, share: part }) => (perSecond === undefined) !== (part === undefined),
        'needs one of per_second and share',
      )
      .refine(
        (rule) => rule.per_second === undefined || (rule.per_second * rule.within) / second <= largestRuleCount,
        `asks for more than ${largestRuleCount} events within its time`,
      ),
    z.strictObject({
      form: z.literal('sustained'),
      ...common,
      where,
      condition,
      samples: z.int().min(1).max(1_000),
      within: within.default(hour),
    }),
    z.strictObject({ form: z.literal('distinct'), ...common, where, field, count, within }),
    z.strictObject({ form: z.literal('absence'), ...common, where, within }),
    z
      .strictObject({
        form: z.literal('ratio'),
        ...common,
        numerator: condition,
        denominator: condition,
        at_least: z.number().min(0).max(1_000_000).optional(),
        below: z.number().min(0).max(1_000_000).optional(),
        minimum: count.default(20),
        within,
      })
      .refine(
        ({ at_least: atLeast, below }) => (atLeast === undefined) !== (below === undefined),
        'needs one of at_least and below',
      ),
    z.strictObject({ form: z.literal('pattern'), ...common, where: condition }),
    z.strictObject({ form: z.literal('all'), ...common, conditions, within: within.optional() }),
    z
      .strictObject({
        form: z.literal('any'),
        ...common,
        conditions,
        at_least: z.int().min(1).max(16).default(1),
        within: within.optional(),
      })
      .refine(
        ({ conditions: given, at_least: atLeast }) => atLeast <= given.length,
        'at_least is above the conditions',
      ),
  ] as const;
  return z.discriminatedUnion('form', forms, {
    error: ({ code }) =>
      code === 'invalid_union' ? `must be ${forms.map(({ shape }) => shape.form.value).join(', ')}` : undefined,
  });
}

/** A rule, checked. */
export type RuleDefinition = z.output<ReturnType<typeof ruleFormsOf>>;
export type RuleForm = RuleDefinition['form'];

/** For `superRefine` of a list of rules: no id stands there twice. */
export function eachIdOnce(rules: readonly RuleDefinition[], context: z.RefinementCtx, path: readonly string[]): void {
  const ids = rules.map(({ id }) => id);
  for (const [index, id] of ids.entries()) {
    if (ids.indexOf(id) < index) {
      context.addIssue({ code: 'custom', path: [...path, index, 'id'], message: 'stands here a second time' });
    }
  }
}
