import { dateUnitNames, objectives } from '@sdp/shared/anonymization';
import { z } from 'zod';

export const algorithms = ['mondrian', 'optimal'] as const;
/** What becomes of token columns. */
export const tokenTreatments = ['drop', 'rekey', 'keep'] as const;
/** What becomes of columns that have no role; `error` names them. */
export const otherTreatments = ['error', 'drop', 'keep'] as const;
export const diversities = ['distinct', 'entropy'] as const;

const positiveCount = z.int().min(1).max(1_000_000_000);
const share = z.number().min(0).max(1);
const diversity = z.number().min(1).max(1_000_000);

const quasiSchema = z.strictObject({
  role: z.literal('quasi'),
  /** A file of the hierarchies' folder, or how one is made; automatic where left out. */
  hierarchy: z
    .union([z.enum(['auto', 'intervals', 'dates', 'mask', 'suppress']), z.string().regex(/\.(csv|txt)$/i)])
    .optional(),
  widths: z.array(z.number().positive()).min(1).max(20).optional(),
  units: z.array(z.enum(dateUnitNames)).min(1).optional(),
});
const sensitiveSchema = z.strictObject({
  role: z.literal('sensitive'),
  l: diversity.optional(),
  l_model: z.enum(diversities).optional(),
  t: share.optional(),
});
/** `age: quasi` is short for `age: { role: quasi }`. */
const columnSchema = z.preprocess(
  (value) => (typeof value === 'string' ? { role: value } : value),
  z.discriminatedUnion('role', [quasiSchema, sensitiveSchema, z.strictObject({ role: z.enum(['keep', 'drop']) })]),
);

/** The configuration of `sdp anonymize`, as it stands in a YAML file. */
export const anonymizeConfigSchema = z.strictObject({
  k: positiveCount.optional(),
  l: diversity.optional(),
  l_model: z.enum(diversities).optional(),
  t: share.optional(),
  algorithm: z.enum(algorithms).optional(),
  objective: z.enum(objectives).optional(),
  relaxed: z.boolean().optional(),
  suppression_limit: share.optional(),
  tokens: z.enum(tokenTreatments).optional(),
  others: z.enum(otherTreatments).optional(),
  hierarchies: z.string().min(1).optional(),
  population: positiveCount.optional(),
  columns: z.record(z.string(), columnSchema).optional(),
});
export type AnonymizeConfig = z.infer<typeof anonymizeConfigSchema>;
export type ColumnRole = NonNullable<AnonymizeConfig['columns']>[string];
