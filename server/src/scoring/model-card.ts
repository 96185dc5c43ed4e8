import { ConfigError } from '@sdp/shared/errors';
import { z } from 'zod';

const text = z.string().min(1).max(1_000);
const share = z.number().min(0).max(1);
const digest = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');

/** One input of a model, in the order in which the model takes them. */
const featureSchema = z.strictObject({
  name: z.string().min(1).max(256),
  /** What the number means, for people. */
  meaning: text,
  /** Smallest and largest value seen in training. */
  training_range: z.tuple([z.number(), z.number()]),
});

/** Mean over the folds and one value a fold. */
const metricSchema = z.strictObject({ mean: share, folds: z.array(share).min(2) });

const bandsSchema = z
  .strictObject({
    /** Lowest score of the band; scores below are `low`. */
    medium_from: z.number().gt(0).lt(1),
    high_from: z.number().gt(0).lt(1),
    chosen_by: text,
    /** Share of the training records in each band and how many of them defaulted, scored by models that hadn't seen them. */
    observed: z.array(z.strictObject({ band: z.enum(['low', 'medium', 'high']), share, default_rate: share })),
  })
  .refine(({ medium_from, high_from }) => medium_from < high_from, 'medium must start below high');

const groupSchema = z.strictObject({
  group: text,
  records: z.int().positive(),
  default_rate: share,
  mean_score: share,
  high_band_share: share,
  roc_auc: share,
});

/**
 * What a model file is and may be used for (after Mitchell et al., "Model Cards for Model Reporting", FAT* 2019), and
 * what scoring needs to run it. Stands beside the file as `<name>-<version>.card.json`.
 */
export const modelCardSchema = z.strictObject({
  schema_version: z.literal(1),
  name: z.string().regex(/^[a-z0-9-]{1,60}$/),
  version: z.string().regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}$/),
  /** A name without a path: the file stands beside the card. */
  file: z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9.-]*\.onnx$/), sha256: digest }),
  input: z.strictObject({ name: text, dtype: z.literal('float32') }),
  /** Output that holds class probabilities, one row a record, and the column of the class that is scored. */
  output: z
    .strictObject({ name: text, class_index: z.int().min(0), classes: z.int().min(1) })
    .refine(({ class_index, classes }) => class_index < classes, 'class_index must be below classes'),
  features: z
    .array(featureSchema)
    .min(1)
    .max(2_000)
    .refine((features) => new Set(features.map(({ name }) => name)).size === features.length, 'names must differ'),
  bands: bandsSchema,
  training: z.strictObject({
    data: text,
    records: z.int().positive(),
    target: text,
    licence: text,
    data_sha256: digest,
    recipe: text,
    recipe_sha256: digest,
    algorithm: text,
  }),
  metrics: z.strictObject({
    method: text,
    roc_auc: metricSchema,
    pr_auc: metricSchema,
    brier: metricSchema,
    roc_auc_with_30_percent_missing: share,
    roc_auc_with_sex_age_marriage: share,
    /** The same folds with untuned scikit-learn models that see every column. */
    baselines: z.record(z.string(), share),
  }),
  /** How the model does for groups of people. */
  groups: z.array(groupSchema),
  /** Exported model in float32 against the trained one in float64, on made-up rows. */
  parity: z.strictObject({ rows: z.int().positive(), max_abs_diff: z.number().min(0) }),
  intended_use: text,
  limits: z.array(text).min(1),
});

export type ModelCard = z.infer<typeof modelCardSchema>;

/**
 * @param bytes a card's file
 * @param file its path, for the error
 * @throws {ConfigError} `model-invalid` naming every field that is wrong
 */
export function parseModelCard(bytes: Uint8Array, file: string): ModelCard {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ConfigError('model-invalid', { message: 'the model card is not JSON', details: { file } });
  }
  const parsed = modelCardSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const findings = parsed.error.issues.map(({ message, path }) => ({ message, field: path.join('.') }));
  throw new ConfigError('model-invalid', { message: 'the model card is not valid', details: { file, findings } });
}
