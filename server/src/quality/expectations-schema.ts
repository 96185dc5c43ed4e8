import {
  clientIdSchema,
  columnNameSchema,
  expectationSeverities,
  processingTypeSchema,
  re2PatternSchema,
} from '@sdp/shared/contracts';
import { z } from 'zod';
import { type Expectation, type TableExpectations, valueTypes } from './expectation.ts';

const severity = z.enum(expectationSeverities).default('error');
const tolerance = z.number().min(0).max(0.999).default(0);
const ofColumn = { column: columnNameSchema, severity, tolerance };
/** A number stands for its text, as YAML writes codes without quotes. */
const text = z.union([z.string().max(1_000), z.number(), z.boolean()]).transform(String);
const texts = z.array(text).min(1).max(10_000);
const ascending = (edges: readonly number[]) =>
  edges.every((edge, index) => index === 0 || edge > (edges[index - 1] as number));

const rowCount = z
  .strictObject({
    expect: z.literal('row_count'),
    min: z.int().min(0).default(0),
    max: z.int().min(0).optional(),
    severity,
  })
  .refine(({ min, max }) => max === undefined || min <= max, 'min is above max')
  .transform(({ max, ...rest }): Expectation => ({ ...rest, max: max ?? Number.POSITIVE_INFINITY }));

const range = z
  .strictObject({ expect: z.literal('range'), min: z.number().optional(), max: z.number().optional(), ...ofColumn })
  .refine(({ min, max }) => min !== undefined || max !== undefined, 'needs min, max or both')
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, 'min is above max')
  .transform(
    ({ min, max, ...rest }): Expectation => ({
      ...rest,
      min: min ?? Number.NEGATIVE_INFINITY,
      max: max ?? Number.POSITIVE_INFINITY,
    }),
  );

const fresh = z
  .strictObject({
    expect: z.literal('fresh'),
    column: columnNameSchema,
    max_age_hours: z.number().positive().max(1_000_000),
    severity,
  })
  .transform(({ max_age_hours: maxAgeHours, ...rest }): Expectation => ({ ...rest, maxAgeHours }));

const stable = z
  .strictObject({
    expect: z.literal('stable'),
    column: columnNameSchema,
    edges: z.array(z.number()).min(1).max(200).refine(ascending, 'must be ascending').optional(),
    categories: texts.max(200).optional(),
    buckets: z.int().min(2).max(200).optional(),
    psi: z.number().positive().max(100).optional(),
    ks: z.number().positive().max(1).optional(),
    severity,
  })
  .refine(
    ({ edges, categories, buckets }) => [edges, categories, buckets].filter((bins) => bins !== undefined).length === 1,
    'needs one of edges, categories and buckets',
  )
  .refine(({ psi, ks }) => psi !== undefined || ks !== undefined, 'needs psi, ks or both')
  .refine(({ edges, ks }) => ks === undefined || edges !== undefined, 'ks needs edges: categories have no order')
  .transform(({ edges, categories, buckets, psi, ks, ...rest }): Expectation => {
    const bins =
      edges !== undefined
        ? ({ kind: 'edges', edges } as const)
        : categories !== undefined
          ? ({ kind: 'categories', categories } as const)
          : ({ kind: 'buckets', buckets: buckets ?? 2 } as const);
    return { ...rest, bins, maxPsi: psi, maxKs: ks };
  });

const expectation = z.discriminatedUnion('expect', [
  rowCount,
  z.strictObject({ expect: z.literal('column'), column: columnNameSchema, severity }),
  z.strictObject({ expect: z.literal('not_null'), ...ofColumn }),
  z.strictObject({ expect: z.literal('type'), type: z.enum(valueTypes), ...ofColumn }),
  range,
  z.strictObject({ expect: z.literal('set'), values: texts, ...ofColumn }),
  z.strictObject({ expect: z.literal('pattern'), pattern: re2PatternSchema, ...ofColumn }),
  z.strictObject({ expect: z.literal('unique'), ...ofColumn }),
  fresh,
  stable,
]);

const table = z
  .strictObject({
    source_table: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, 'must be letters, digits and . _ -, at most 100'),
    applies_to: z
      .strictObject({
        clients: z.array(clientIdSchema).min(1).optional(),
        processing_types: z.array(processingTypeSchema).min(1).optional(),
        columns: z.array(columnNameSchema).min(1).optional(),
      })
      .default({}),
    expectations: z.array(expectation).min(1).max(1_000),
  })
  .transform(
    ({ source_table, applies_to, expectations }): TableExpectations => ({
      sourceTable: source_table,
      appliesTo: {
        clients: applies_to.clients,
        processingTypes: applies_to.processing_types,
        columns: applies_to.columns,
      },
      expectations: expectations as readonly Expectation[],
    }),
  );

/** `quality.yml`. */
export const expectationsFileSchema = z
  .strictObject({ tables: z.array(table).max(1_000) })
  .superRefine(({ tables }, context) => {
    for (const [index, { sourceTable }] of tables.entries()) {
      if (tables.findIndex((other) => other.sourceTable === sourceTable) < index) {
        context.addIssue({ code: 'custom', path: ['tables', index], message: 'stands here a second time' });
      }
    }
  });
