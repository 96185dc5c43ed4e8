import { z } from 'zod';
import { batchIdSchema, clientIdSchema } from './batch.ts';
import { columnNameSchema } from './column-name.ts';

export const expectationKinds = [
  'row_count',
  'column',
  'not_null',
  'type',
  'range',
  'set',
  'pattern',
  'unique',
  'fresh',
  'stable',
] as const;
export type ExpectationKind = (typeof expectationKinds)[number];

/** What a failed expectation does: `error` quarantines the job, `warning` is only reported. */
export const expectationSeverities = ['error', 'warning'] as const;
export type ExpectationSeverity = (typeof expectationSeverities)[number];

/** What became of a job by its expectations. */
export const qualityOutcomes = ['passed', 'warned', 'quarantined'] as const;
export type QualityOutcome = (typeof qualityOutcomes)[number];

/** How one expectation fared. Counts, statistics and record numbers; no values. */
export const expectationResultSchema = z
  .strictObject({
    expectation: z.enum(expectationKinds),
    column: columnNameSchema.nullable(),
    severity: z.enum(expectationSeverities),
    passed: z.boolean(),
    /** Why it could not be judged. Without an earlier job it counts as passed; with one whose profile was tampered with as failed. */
    note: z.enum(['column-missing', 'no-earlier-job', 'earlier-job-tampered']).nullable(),
    /** Records that were looked at: those with a value, but for `not_null` and `row_count`. */
    checked: z.int().min(0),
    /** Records that were not as expected. */
    failed: z.int().min(0),
    /** Numbers of the first of them, from 1. */
    records: z.array(z.int().min(1)).max(20),
    /** Statistics of `stable`: how far the distribution is from that of the last good job. */
    psi: z.number().nullable(),
    ks: z.number().nullable(),
  })
  .meta({ id: 'ExpectationResult' });
export type ExpectationResult = z.infer<typeof expectationResultSchema>;

/** `GET /api/v1/quality/{job_id}`. */
export const qualityReportSchema = z
  .strictObject({
    job_id: batchIdSchema,
    client_id: clientIdSchema,
    /** Name of the table in the file of expectations that the job belongs to. */
    source_table: z.string().max(100),
    outcome: z.enum(qualityOutcomes),
    records: z.int().min(0),
    expectations: z.array(expectationResultSchema),
    evaluated_at: z.iso.datetime(),
  })
  .meta({ id: 'QualityReport' });
export type QualityReport = z.infer<typeof qualityReportSchema>;
