import { columnMethods } from '@sdp/shared/contracts';
import { z } from 'zod';
import { csvEncodings } from '../csv/index.ts';

const columnSchema = z.strictObject({
  name: z.string(),
  /** 0-based, in the output file. */
  index: z.int().min(0),
  method: z.enum(columnMethods),
  /** Of tokens and hashes. */
  namespace: z.string().min(1).optional(),
});

/** What `sdp tokenize-*` says of a file it wrote. The file it stands beside is covered by `file.sha256`, it itself by `mac`. */
export const manifestSchema = z.strictObject({
  version: z.literal(1),
  created_at: z.iso.datetime(),
  tool_version: z.string(),
  source_table: z.string().min(1),
  key_column: z.string().nullable(),
  vault_id: z.string().min(1),
  /** Every column of the output, in its order. */
  columns: z.array(columnSchema),
  /** Names of columns that were left out of the output. */
  dropped: z.array(z.string()),
  row_count: z.int().min(0),
  format: z.strictObject({
    delimiter: z.string().length(1),
    encoding: z.enum(csvEncodings),
    lenient: z.boolean(),
  }),
  file: z.strictObject({ bytes: z.int().min(0), sha256: z.string().regex(/^[0-9a-f]{64}$/) }),
  /** HMAC-SHA-256 over the canonical JSON of all the other fields, under a key of the vault. Hex. */
  mac: z.string().regex(/^[0-9a-f]{64}$/),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type ManifestColumn = z.infer<typeof columnSchema>;
