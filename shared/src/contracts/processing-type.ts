import { z } from 'zod';

/** What a client can ask the server to do with a batch. Each has one worker and one topic, `batch.<type>`. */
export const processingTypes = ['risk_scoring', 'anonymization', 'anomaly_detection'] as const;

export const processingTypeSchema = z.enum(processingTypes).meta({ id: 'ProcessingType' });

export type ProcessingType = z.infer<typeof processingTypeSchema>;

export const columnNameSchema = z
  .string()
  .min(1)
  .max(256)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: PostgreSQL can't keep this one
  .regex(/^[^\u0000]*$/, 'text without NUL characters');

/** `risk_scoring` takes no parameters. */
export const scoringParamsSchema = z.strictObject({}).meta({ id: 'ScoringParams' });

export const anonymizationParamsSchema = z
  .strictObject({
    /** Columns that together could single a person out. */
    quasi_identifiers: z.array(columnNameSchema).min(1).max(50),
    /** Every released combination of generalized values is shared by at least `k` records. */
    k: z.int().min(2).max(1_000_000),
  })
  .meta({ id: 'AnonymizationParams' });

export const anomalyParamsSchema = z
  .strictObject({
    /** Numeric columns to look at; all numeric ones where left out. */
    columns: z.array(columnNameSchema).min(1).max(500).optional(),
    /** Seed of the forest, so that a run can be repeated. */
    seed: z.int().min(0).max(4_294_967_295).optional(),
  })
  .meta({ id: 'AnomalyParams' });

/** Parameter schema per processing type. */
export const paramsSchemas = {
  risk_scoring: scoringParamsSchema,
  anonymization: anonymizationParamsSchema,
  anomaly_detection: anomalyParamsSchema,
} as const satisfies Record<ProcessingType, z.ZodType>;

export type ParamsOf<T extends ProcessingType> = z.infer<(typeof paramsSchemas)[T]>;
