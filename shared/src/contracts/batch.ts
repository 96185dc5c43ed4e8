import { z } from 'zod';
import { columnNameSchema } from './column-name.ts';
import { processingTypeSchema } from './processing-type.ts';
import { releaseReportSchema } from './release-report.ts';

/** Server-made UUID of a batch. */
export const batchIdSchema = z.uuid().brand<'BatchId'>().meta({ id: 'BatchId' });
export type BatchId = z.infer<typeof batchIdSchema>;

/** Tenant: letters, digits, `.`, `_`, `-`; 1–64 characters. */
export const clientIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits, ".", "_" and "-", at most 64')
  .meta({ id: 'ClientId' });

/** How a column of an upload was treated, as the sender declares it. */
export const columnMethods = [
  'token',
  'random',
  'hash',
  'redact',
  'mask',
  'email',
  'fpe',
  'card',
  'date-shift',
  'bucket',
  'text',
  'keep',
] as const;
export const columnMethodSchema = z.enum(columnMethods).meta({ id: 'ColumnMethod' });
export type ColumnMethod = z.infer<typeof columnMethodSchema>;

/** Where records come from, as the sender calls it. */
export const sourceTableSchema = z
  .string()
  .regex(/^[^\p{C}]{1,200}$/u, 'must be 1 to 200 characters, none of them a control character')
  .meta({ id: 'SourceTable' });

/**
 * What the sender says of the file and its columns. It grants nothing by itself: the server's own detection runs on all columns, and
 * `declared_safe` counts only where the API key's policy allows it, never against a find that a checksum proves.
 */
export const declarationSchema = z
  .strictObject({
    source: z.enum(['manifest', 'user']),
    /** By which the expectations of its data are found. */
    source_table: sourceTableSchema.optional(),
    columns: z
      .array(z.strictObject({ name: columnNameSchema, method: columnMethodSchema }))
      .max(5_000)
      .default([]),
    declared_safe: z.array(columnNameSchema).max(5_000).default([]),
  })
  .meta({ id: 'Declaration' });
export type Declaration = z.infer<typeof declarationSchema>;

/** How a column can be searched: `equal` by a keyed digest, `range` by its values, which then stand unsealed. */
export const indexKinds = ['equal', 'range'] as const;
export type IndexKind = (typeof indexKinds)[number];

const maxIndexedColumns = 16;

/** Columns that can be searched; all others can't. */
export const indexDeclarationSchema = z
  .record(columnNameSchema, z.enum(indexKinds))
  .refine((columns) => Object.keys(columns).length <= maxIndexedColumns, 'at most 16 columns')
  .meta({ id: 'IndexDeclaration' });
export type IndexDeclaration = z.infer<typeof indexDeclarationSchema>;

/** A record's cell. CSV gives strings; JSON keeps its scalar types. */
export const cellSchema = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export type Cell = z.infer<typeof cellSchema>;

/** What goes with the records, whatever their format; in JSON as fields, else in the query or in `X-SDP-*` headers. */
export const batchMetadataSchema = z
  .strictObject({
    /** May be left out: an API key is bound to one client. If given it must be that one. */
    client_id: clientIdSchema.optional(),
    processing_type: processingTypeSchema,
    /** Column that identifies a record in the results; the first column where left out. */
    key_column: columnNameSchema.optional(),
    params: z.record(z.string(), z.unknown()).default({}),
    declaration: declarationSchema.optional(),
    index: indexDeclarationSchema.optional(),
  })
  .meta({ id: 'BatchMetadata' });
export type BatchMetadata = z.infer<typeof batchMetadataSchema>;

/** `POST /api/v1/process` with `application/json`. Records are flat objects. */
export const processRequestSchema = batchMetadataSchema
  .extend({ records: z.array(z.record(columnNameSchema, cellSchema)).min(1) })
  .meta({ id: 'ProcessRequest' });

export const processResponseSchema = z
  .strictObject({
    batch_id: batchIdSchema,
    accepted_records: z.int().min(1),
    status: z.literal('RECEIVED'),
  })
  .meta({ id: 'ProcessResponse' });
export type ProcessResponse = z.infer<typeof processResponseSchema>;

/** RECEIVED → PROCESSING → PROCESSED | FAILED | QUARANTINED (stored, and nothing computed, since its data is not as expected). */
export const batchStatuses = ['RECEIVED', 'PROCESSING', 'PROCESSED', 'FAILED', 'QUARANTINED'] as const;
export const batchStatusSchema = z.enum(batchStatuses).meta({ id: 'BatchStatus' });
export type BatchStatus = z.infer<typeof batchStatusSchema>;

export const batchSchema = z
  .strictObject({
    batch_id: batchIdSchema,
    client_id: clientIdSchema,
    processing_type: processingTypeSchema,
    source_table: sourceTableSchema.nullable(),
    status: batchStatusSchema,
    accepted_records: z.int().min(0),
    processed_records: z.int().min(0),
    /** Records by result status, e.g. `{"scored": 998, "insufficient_features": 2}`. */
    counts: z.record(z.string().regex(/^[a-z_]{1,40}$/), z.int().min(0)),
    /** Why it failed; a code of the error registry and a sentence without values. */
    reason: z.strictObject({ code: z.string().max(64), message: z.string().max(500) }).nullable(),
    model_version: z.string().max(100).nullable(),
    /** Of a batch that was anonymized. */
    release: releaseReportSchema.nullable(),
    key_column: columnNameSchema,
    columns: z.array(columnNameSchema),
    declared_safe: z.array(columnNameSchema),
    received_at: z.iso.datetime(),
    started_at: z.iso.datetime().nullable(),
    finished_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'Batch' });
export type Batch = z.infer<typeof batchSchema>;

export const batchListSchema = z
  .strictObject({ batches: z.array(batchSchema), next_cursor: z.string().max(200).nullable() })
  .meta({ id: 'BatchList' });

/** `POST /dev/process-batch/{batch_id}`. */
export const devProcessResponseSchema = z
  .strictObject({
    batch_id: batchIdSchema,
    processed_records: z.int().min(0),
    model_version: z.string().nullable(),
    status: z.literal('PROCESSED'),
  })
  .meta({ id: 'DevProcessResponse' });
