import { columnMethods } from '@sdp/shared/contracts';
import { z } from 'zod';
import { type CsvOptions, csvEncodings } from '../csv/index.ts';
import { scalarTypes, spellings } from '../ndjson/index.ts';
import { parquetTypes } from '../parquet/parquet-types.ts';
import { columnOptionsSchema } from './column-options.ts';

const common = {
  created_at: z.iso.datetime(),
  tool_version: z.string(),
  source_table: z.string().min(1),
  key_column: z.string().nullable(),
  vault_id: z.string().min(1),
  /** Names of columns that were left out of the output. */
  dropped: z.array(z.string()),
  row_count: z.int().min(0),
  file: z.strictObject({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** HMAC-SHA-256 over all the other fields, under a key of the vault. Hex. */
  mac: z.string().regex(/^[0-9a-f]{64}$/),
};

const csvFields = {
  delimiter: z.string().length(1),
  encoding: z.enum(csvEncodings),
  lenient: z.boolean(),
};

const columnFields = {
  name: z.string(),
  /** 0-based, in the output file. */
  index: z.int().min(0),
  /** Where the method keeps its tokens or gets its key from. */
  namespace: z.string().min(1).optional(),
};

/** Written until the other formats and methods came; still read. */
const manifestV1Schema = z.strictObject({
  version: z.literal(1),
  ...common,
  /** Every column of the output, in its order. */
  columns: z.array(z.strictObject({ ...columnFields, method: z.enum(['token', 'hash', 'redact', 'mask', 'keep']) })),
  format: z.strictObject(csvFields),
});

const formatSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('csv'), ...csvFields }),
  z.strictObject({
    kind: z.literal('ndjson'),
    /** By path, of the replaced fields that aren't strings: what their values mostly are. */
    types: z.record(z.string(), z.enum(scalarTypes)),
    /** How most of the replaced strings are spelled. */
    spelling: z.enum(spellings),
  }),
  z.strictObject({
    kind: z.literal('parquet'),
    /** By name, of the replaced columns that aren't strings: the type they had. */
    types: z.record(z.string(), z.enum(parquetTypes)),
  }),
]);

const columnSchema = z.strictObject({
  ...columnFields,
  method: z.enum(columnMethods),
  /** What reversing the column needs beside the vault. */
  options: columnOptionsSchema.optional(),
});

const manifestV2Schema = z.strictObject({
  version: z.literal(2),
  ...common,
  /** Every column of the output, in its order. */
  columns: z.array(columnSchema),
  format: formatSchema,
  /** Of the output as a whole. */
  compression: z.enum(['none', 'gzip', 'zstd']),
});

/** What `sdp tokenize-*` says of a file it wrote. The file it stands beside is covered by `file.sha256`, it itself by `mac`. */
export const manifestSchema = z.discriminatedUnion('version', [manifestV1Schema, manifestV2Schema]);

export type Manifest = z.infer<typeof manifestSchema>;
/** What is written today. */
export type ManifestV2 = z.infer<typeof manifestV2Schema>;
export type ManifestColumn = z.infer<typeof columnSchema>;
/** How a tokenized file is written down. */
export type ManifestFormat = z.infer<typeof formatSchema>;

/** Format and compression of the described file, whatever the manifest's version. */
export function formatOf(manifest: Manifest): {
  readonly format: ManifestFormat;
  readonly compression: ManifestV2['compression'];
} {
  return manifest.version === 1
    ? { format: { kind: 'csv', ...manifest.format }, compression: 'none' }
    : { format: manifest.format, compression: manifest.compression };
}

/** How a described CSV file is to be read; nothing for other formats or where there is no manifest. */
export function csvOptionsIn(manifest: Manifest | undefined): CsvOptions {
  if (manifest === undefined) return {};
  const { format } = formatOf(manifest);
  if (format.kind !== 'csv') return {};
  return { delimiter: format.delimiter, encoding: format.encoding, lenient: format.lenient };
}
