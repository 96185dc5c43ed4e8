import { z } from 'zod';
import { findingLevels, streamEventTypes } from '../../detectors/index.ts';
import { conditionSchema, isTooDeep } from './condition-rules.ts';
import { durationSchema } from './duration-rules.ts';
import { fieldPattern } from './event-field-rules.ts';

const second = 1_000;
const hour = 3_600_000;
const day = 24 * hour;
/** Bounds that the memory of a group follows from. */
const largestCount = 10_000;

const condition = conditionSchema.refine((given) => !isTooDeep(given), 'has conditions inside one another too deep');
const within = durationSchema(second, day);
const field = z.string().regex(fieldPattern, 'is no field of an event');
const eventTypes = z.array(z.enum(streamEventTypes)).min(1).max(streamEventTypes.length);

const common = {
  id: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be lower-case letters, digits and -, at most 64'),
  title: z.string().min(1).max(200),
  description: z.string().max(1_000).optional(),
  enabled: z.boolean().default(true),
  events: z.union([z.enum(streamEventTypes).transform((type) => [type]), eventTypes]),
  severity: z.enum(findingLevels).default('WARNING'),
  tags: z.record(z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/), z.string().max(256)).default({}),
  group_by: z.array(field).max(4).default([]),
  cooldown: z.union([z.literal('0s').transform(() => 0), durationSchema(second, 7 * day)]).optional(),
};
const where = condition.optional();
const count = z.int().min(1).max(largestCount);
const conditions = z.array(condition).min(1).max(16);
const share = z.number().min(0).max(1);

const ruleForms = z.discriminatedUnion('form', [
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
      (rule) => rule.per_second === undefined || (rule.per_second * rule.within) / second <= largestCount,
      `asks for more than ${largestCount} events within its time`,
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
    .refine(({ conditions: given, at_least: atLeast }) => atLeast <= given.length, 'at_least is above the conditions'),
]);

/** A rule as it stands in the file. */
export type RuleDefinition = z.output<typeof ruleForms>;
export type RuleForm = RuleDefinition['form'];
export const ruleSchema: z.ZodType<RuleDefinition> = ruleForms;

const limits = z
  .strictObject({
    /** Groups of all rules together that a partition remembers. */
    groups: z.int().min(100).max(10_000_000).default(100_000),
    /** Events of all groups together that a partition remembers. */
    events: z.int().min(largestCount).max(10_000_000).default(200_000),
    /** Events that a group of a rule remembers. */
    events_per_group: z.int().min(largestCount).max(1_000_000).default(largestCount),
  })
  .prefault({});

/** What holds for all rules. */
export const ruleSettingsSchema = z
  .strictObject({
    /** How much older than the newest event of its group an event may be and still count. */
    lateness: durationSchema(0, hour).prefault('5m'),
    /** How much more that may be where the events of a group come together from partitions that are not equally far. */
    catch_up: durationSchema(0, day).prefault('1h'),
    /** How much ahead of the server's clock an event may be. */
    clock_skew: durationSchema(0, hour).prefault('1m'),
    limits,
  })
  .prefault({});
export type RuleSettings = z.output<typeof ruleSettingsSchema>;
