import { durationSchema, eventTypes, largestRuleCount, type RuleDefinition, ruleFormsOf } from '@sdp/shared/contracts';
import { z } from 'zod';
import { fieldPattern } from './event-field-rules.ts';

const hour = 3_600_000;
const day = 24 * hour;

/** A rule as it stands in the file. */
export const ruleSchema: z.ZodType<RuleDefinition> = ruleFormsOf({
  field: z.string().regex(fieldPattern, 'is no field of an event'),
  events: z.union(
    [z.enum(eventTypes).transform((type) => [type]), z.array(z.enum(eventTypes)).min(1).max(eventTypes.length)],
    { error: `must be ${eventTypes.join(', ')}, or a list of them` },
  ),
});

const limits = z
  .strictObject({
    /** Groups of all rules together that a partition remembers. */
    groups: z.int().min(100).max(10_000_000).default(100_000),
    /** Events of all groups together that a partition remembers. */
    events: z.int().min(largestRuleCount).max(10_000_000).default(200_000),
    /** Events that a group of a rule remembers. */
    events_per_group: z.int().min(largestRuleCount).max(1_000_000).default(largestRuleCount),
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
