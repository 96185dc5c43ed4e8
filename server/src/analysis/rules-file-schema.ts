import { z } from 'zod';
import { forestSettingsSchema, seriesSettingsSchema, templateSettingsSchema } from '../anomaly/index.ts';
import { ruleSchema, ruleSettingsSchema } from './rules/index.ts';

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
  .superRefine(({ rules }, context) => {
    const ids = rules.map(({ id }) => id);
    for (const [index, id] of ids.entries()) {
      if (ids.indexOf(id) < index) {
        context.addIssue({ code: 'custom', path: ['rules', index, 'id'], message: 'stands here a second time' });
      }
    }
  });
export type RulesFile = z.output<typeof rulesFileSchema>;
