import { z } from 'zod';

/** One input of a model, in the order in which the model takes them. */
const featureSchema = z.strictObject({
  name: z.string().min(1).max(256),
  /** What the number means, for people. */
  meaning: z.string().min(1).max(500),
  /** Smallest and largest value seen in training. */
  training_range: z.tuple([z.number(), z.number()]),
});

const metricSchema = z.strictObject({
  mean: z.number().min(0).max(1),
  /** One value a fold. */
  folds: z.array(z.number().min(0).max(1)).min(2),
});

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 in lower-case hex');

/**
 * What a model file is and may be used for (after Mitchell et al., "Model Cards for Model Reporting", FAT* 2019), and
 * what scoring needs to run it. Stands beside the file as `<name>-<version>.card.json`.
 */
export const modelCardSchema = z.strictObject({
  schema_version: z.literal(1),
  name: z.string().regex(/^[a-z0-9-]{1,60}$/),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  file: z.strictObject({
    name: z.string().regex(/^[a-z0-9.-]+\.onnx$/),
    sha256: digestSchema,
  }),
  input: z.strictObject({ name: z.string().min(1), dtype: z.literal('float32') }),
  /** Output that holds class probabilities, one row per record, and the column of the class that is scored. */
  output: z.strictObject({ name: z.string().min(1), class_index: z.int().min(0), classes: z.int().min(1) }),
  features: z.array(featureSchema).min(1).max(2_000),
  bands: z.strictObject({
    /** Lowest score of the band. Scores below are `low`. */
    medium_from: z.number().gt(0).lt(1),
    high_from: z.number().gt(0).lt(1),
    chosen_by: z.string().min(1),
  }),
  training: z.strictObject({
    data: z.string().min(1),
    records: z.int().positive(),
    target: z.string().min(1),
    licence: z.string().min(1),
    /** SHA-256 of the data file and of the recipe, so that a run can be repeated. */
    data_sha256: digestSchema,
    recipe: z.string().min(1),
    recipe_sha256: digestSchema,
  }),
  metrics: z.strictObject({
    method: z.string().min(1),
    roc_auc: metricSchema,
    pr_auc: metricSchema,
    brier: metricSchema,
    reference: z.record(z.string(), z.number()),
  }),
  parity: z.strictObject({
    rows: z.int().positive(),
    /** Largest difference between the exported model in float32 and the trained one in float64. */
    max_abs_diff: z.number().min(0),
  }),
  intended_use: z.string().min(1),
  limits: z.array(z.string().min(1)).min(1),
});

export type ModelCard = z.infer<typeof modelCardSchema>;
