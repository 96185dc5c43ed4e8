import { eachIdOnce } from '@sdp/shared/contracts';
import { z } from 'zod';
import { forestSettingsSchema, seriesSettingsSchema, templateSettingsSchema } from '../anomaly/index.ts';
import { ruleSchema, ruleSettingsSchema } from '../anomaly-rules/index.ts';

/** Detectors that learn. */
const detectorsSchema = z
  .strictObject({
    forest: forestSettingsSchema.prefault({}),
    series: seriesSettingsSchema.prefault({}),
    templates: templateSettingsSchema.prefault({}),
  })
  .prefault({});

/** `anomaly-rules.yml`. */
export const rulesFileSchema = z
  .strictObject({
    version: z.literal(1),
    settings: ruleSettingsSchema,
    rules: z.array(ruleSchema).max(500),
    detectors: detectorsSchema,
  })
  .superRefine(({ rules }, context) => eachIdOnce(rules, context, ['rules']));
export type RulesFile = z.output<typeof rulesFileSchema>;
