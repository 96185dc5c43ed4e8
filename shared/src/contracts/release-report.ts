import { z } from 'zod';
import { columnNameSchema } from './column-name.ts';

const share = z.number().min(0).max(1);
const count = z.int().min(0);

/** What classes keep to themselves of a sensitive column; the worst class counts. docs/anonymization.md explains each figure. */
export const sensitiveProtectionSchema = z.strictObject({
  column: columnNameSchema,
  distinct_l: count,
  entropy_l: z.number().min(0),
  t: z.number().min(0),
  alpha: share,
  basic_beta: z.number(),
  enhanced_beta: z.number(),
  delta_disclosure: z.number().min(0),
});

export const reidentificationRiskSchema = z.strictObject({
  prosecutor: z.strictObject({ highest: share, average: share, at_risk: share }),
  journalist: z.strictObject({ highest: share, at_risk: share }),
  marketer: share,
});

export const releaseUtilitySchema = z.strictObject({
  loss: share,
  non_uniform_entropy: z.number().min(0),
  discernibility: count,
  average_class_size: z.number().min(0),
});

/** What a release protects, the risk that is left and what it cost. Figures alone, no values. */
export const releaseReportSchema = z
  .strictObject({
    released: count,
    suppressed: count,
    classes: count,
    /** Records of the smallest class. */
    k: z.strictObject({ asked: count, reached: count }),
    sensitive: z.array(sensitiveProtectionSchema),
    risk: reidentificationRiskSchema,
    utility: releaseUtilitySchema,
  })
  .meta({ id: 'ReleaseReport' });
export type ReleaseReport = z.infer<typeof releaseReportSchema>;
