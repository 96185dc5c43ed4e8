import { z } from 'zod';
import { columnNameSchema } from './column-name.ts';
import { batchRulesSchema, mostBatchRules, needsTimes } from './rules/batch-rules.ts';

/** What a client can ask the server to do with a batch. Each has one worker and one topic, `batch.<type>`. */
export const processingTypes = ['risk_scoring', 'anonymization', 'anomaly_detection'] as const;

export const processingTypeSchema = z.enum(processingTypes).meta({ id: 'ProcessingType' });

export type ProcessingType = z.infer<typeof processingTypeSchema>;

/** `risk_scoring` takes no parameters. */
export const scoringParamsSchema = z.strictObject({}).meta({ id: 'ScoringParams' });

export const anonymizationParamsSchema = z
  .strictObject({
    /** Columns that together could single a person out. */
    quasi_identifiers: z.array(columnNameSchema).min(1).max(50),
    /** Every released combination of generalized values is shared by at least `k` records. */
    k: z.int().min(2).max(1_000_000),
    /** Columns that nobody is to learn of a person; they are looked at and not released. */
    sensitive: z.array(columnNameSchema).min(1).max(20).optional(),
    /** Different values of each sensitive column in every class, at least. */
    l: z.number().min(1).max(1_000_000).optional(),
    /** How `l` counts them; `distinct` where left out. */
    l_model: z.enum(['distinct', 'entropy']).optional(),
    /** Distance of each sensitive column in every class from the whole batch, at most. */
    t: z.number().min(0).max(1).optional(),
    /** `mondrian` where left out: a range of its own for every class. `optimal`: one level of its hierarchy for every column. */
    algorithm: z.enum(['mondrian', 'optimal']).optional(),
    /** What `optimal` has least of; `loss` where left out. */
    objective: z.enum(['loss', 'non-uniform-entropy']).optional(),
    /** Share of the records that may be suppressed. Where left out none for `optimal`, and all or none for `mondrian`. */
    suppression_limit: z.number().min(0).max(1).optional(),
    /** By quasi-identifier: rows of value and generalizations, from fine to coarse, or how they are made. */
    hierarchies: z
      .record(
        columnNameSchema,
        z.union([
          z.enum(['auto', 'intervals', 'dates', 'mask', 'suppress']),
          z
            .array(z.array(z.string().max(256)).min(2).max(20))
            .min(1)
            .max(10_000),
        ]),
      )
      .optional(),
  })
  .refine(({ l, t, sensitive }) => (l === undefined && t === undefined) || sensitive !== undefined, {
    message: 'l and t need sensitive columns',
    path: ['sensitive'],
  })
  .meta({ id: 'AnonymizationParams' });

export const anomalyParamsSchema = z
  .strictObject({
    /** Columns to look at; where left out all that say what is usual, but the key, tokens and identifiers. */
    columns: z.array(columnNameSchema).min(1).max(500).optional(),
    /** Columns not to look at. */
    exclude: z.array(columnNameSchema).min(1).max(500).optional(),
    /** Share of the records to be called anomalies. */
    contamination: z.number().gt(0).max(0.5).optional(),
    /** Score that an anomaly lies above; 0.5 where neither this nor a contamination is given. */
    threshold: z.number().min(0).max(1).optional(),
    /** Seed of the forest, so that a run can be repeated. */
    seed: z.int().min(0).max(4_294_967_295).optional(),
    /** Rules over the rows, as `anomaly-rules.yml` has them, their fields being columns. */
    rules: z.array(z.record(z.string(), z.unknown())).min(1).max(mostBatchRules).optional(),
    /** Column that says when a row happened: rules that look at several rows need it. */
    time_column: columnNameSchema.optional(),
  })
  .superRefine(checkRules)
  .refine(({ contamination, threshold }) => contamination === undefined || threshold === undefined, {
    message: 'either contamination or threshold',
    path: ['threshold'],
  })
  .meta({ id: 'AnomalyParams' });

/** The rules stay as they are written: they are checked again by whoever reads them. */
function checkRules(
  { rules, time_column: timeColumn }: { readonly rules?: unknown; readonly time_column?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (rules === undefined) return;
  const parsed = batchRulesSchema.safeParse(rules);
  if (parsed.success) {
    for (const [index, rule] of parsed.data.entries()) {
      if (timeColumn !== undefined || !needsTimes(rule)) continue;
      const message = 'looks at several rows, so time_column must say which column holds their times';
      context.addIssue({ code: 'custom', path: ['rules', index], message });
    }
    return;
  }
  for (const { path, message, ...issue } of parsed.error.issues) {
    const at = { path: ['rules', ...path], message };
    if (issue.code === 'unrecognized_keys')
      context.addIssue({ ...at, code: issue.code, keys: issue.keys, input: Object(rules) });
    else context.addIssue({ ...at, code: 'custom' });
  }
}

/** Parameter schema per processing type. */
export const paramsSchemas = {
  risk_scoring: scoringParamsSchema,
  anonymization: anonymizationParamsSchema,
  anomaly_detection: anomalyParamsSchema,
} as const satisfies Record<ProcessingType, z.ZodType>;

export type ParamsOf<T extends ProcessingType> = z.infer<(typeof paramsSchemas)[T]>;
