import { z } from 'zod';
import { anomalyLevels } from './anomaly-level.ts';
import { batchIdSchema, cellSchema } from './batch.ts';
import { columnNameSchema } from './column-name.ts';
import { mostBatchRules } from './rules/batch-rules.ts';

/** Present in every result: `seq` counts the batch's records from 1, `key` is the record's value in the key column. */
const resultBase = { seq: z.int().min(1), key: cellSchema };

export const riskBands = ['low', 'medium', 'high'] as const;

/** Result of `risk_scoring`. */
export const scoringResultSchema = z
  .strictObject({
    ...resultBase,
    status: z.enum(['scored', 'insufficient_features']),
    /** Estimated probability of default, 0–1; null without a score. */
    score: z.number().min(0).max(1).nullable(),
    band: z.enum(riskBands).nullable(),
    /** Share of the model's features that were present and numeric, 0–1. */
    feature_coverage: z.number().min(0).max(1),
    model_version: z.string().max(100),
  })
  .meta({ id: 'ScoringResult' });
export type ScoringResult = z.infer<typeof scoringResultSchema>;

/** Result of `anonymization`. */
export const anonymizationResultSchema = z
  .strictObject({
    ...resultBase,
    status: z.enum(['generalized', 'suppressed']),
    /** Generalized value per quasi-identifier; `*` where suppressed. */
    values: z.record(columnNameSchema, z.string().max(4_096)),
    /** Records that share these values; null where suppressed. */
    class_size: z.int().min(1).nullable(),
  })
  .meta({ id: 'AnonymizationResult' });
export type AnonymizationResult = z.infer<typeof anonymizationResultSchema>;

/** What a column did to make a record stand apart: where the record stands among the others, never what it holds. */
export const anomalyReasonSchema = z
  .strictObject({
    column: columnNameSchema,
    /** Of all that made the score; over the reasons of a record it sums to at most 1. */
    share: z.number().min(0).max(1),
    /** `high` and `low`: above or below the middle half of the records; `between`: in it, in a gap; `rare`: few have this value. */
    direction: z.enum(['high', 'low', 'between', 'rare']).optional(),
    /** Share of the records that are lower; with `rare`, of those that have this value. */
    position: z.number().min(0).max(1).optional(),
    /** Of a column of dates: the time of day, and not the day. */
    aspect: z.literal('time_of_day').optional(),
  })
  .meta({ id: 'AnomalyReason' });
export type AnomalyReason = z.infer<typeof anomalyReasonSchema>;

/** A rule of the batch that a record met, or that it and others together met. */
export const anomalyRuleReasonSchema = z
  .strictObject({
    rule: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
    title: z.string().regex(/^[^\p{C}]{1,200}$/u),
    severity: z.enum(anomalyLevels),
    /** Where several records decided: what was counted, and its limit. Never what one of them holds. */
    numbers: z.record(z.string().regex(/^[a-z_]{1,40}$/), z.number()).optional(),
    within_seconds: z.number().min(0).optional(),
  })
  .meta({ id: 'AnomalyRuleReason' });
export type AnomalyRuleReason = z.infer<typeof anomalyRuleReasonSchema>;

/** Result of `anomaly_detection`. */
export const anomalyResultSchema = z
  .strictObject({
    ...resultBase,
    status: z.literal('scored'),
    /** Isolation forest score, 0–1: about 0.5 is ordinary, near 1 is isolated (Liu, Ting, Zhou, ICDM 2008). */
    score: z.number().min(0).max(1),
    is_anomaly: z.boolean(),
    /** Columns that made the score, most contributing first. */
    columns: z.array(anomalyReasonSchema).max(10),
    /** Rules that it met or was part of; where the batch brought rules. */
    rules: z.array(anomalyRuleReasonSchema).max(mostBatchRules).optional(),
  })
  .meta({ id: 'AnomalyResult' });
export type AnomalyResult = z.infer<typeof anomalyResultSchema>;

export const resultSchemas = {
  risk_scoring: scoringResultSchema,
  anonymization: anonymizationResultSchema,
  anomaly_detection: anomalyResultSchema,
} as const;

export type BatchResult = ScoringResult | AnonymizationResult | AnomalyResult;

/** `GET /api/v1/results/{batch_id}` as JSON; NDJSON is one result a line, CSV one a row. */
export const resultsResponseSchema = z
  .discriminatedUnion('processing_type', [
    z.strictObject({
      batch_id: batchIdSchema,
      processing_type: z.literal('risk_scoring'),
      record_count: z.int().min(0),
      results: z.array(scoringResultSchema),
    }),
    z.strictObject({
      batch_id: batchIdSchema,
      processing_type: z.literal('anonymization'),
      record_count: z.int().min(0),
      results: z.array(anonymizationResultSchema),
    }),
    z.strictObject({
      batch_id: batchIdSchema,
      processing_type: z.literal('anomaly_detection'),
      record_count: z.int().min(0),
      results: z.array(anomalyResultSchema),
    }),
  ])
  .meta({ id: 'ResultsResponse' });
