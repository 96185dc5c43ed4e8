import type { CsvEdits } from '../../src/csv/index.ts';
import { type RewriteNdjsonOptions, rewriteNdjson } from '../../src/ndjson/index.ts';
import { asBytes, inChunks } from './csv-bytes.ts';

type Options = Omit<RewriteNdjsonOptions, 'again'> & { readonly chunk?: number; readonly stream?: boolean };

/** Rewrites NDJSON in memory; as a file, which is read twice, unless `stream` is set. */
export async function rewriteLines(
  input: string | Uint8Array,
  edits: CsvEdits | ((header: readonly string[]) => CsvEdits),
  { chunk = 1 << 20, stream = false, ...options }: Options = {},
) {
  const out: Buffer[] = [];
  const open = () => inChunks(asBytes(input), chunk);
  const summary = await rewriteNdjson(
    open(),
    { write: async (part) => void out.push(Buffer.from(part)) },
    (header) => (typeof edits === 'function' ? edits(header) : edits),
    { ...options, ...(stream ? {} : { again: open }) },
  );
  const bytes = Buffer.concat(out);
  return { ...summary, bytes, text: bytes.toString('utf8') };
}

/** Edits for the fields with these paths. */
export function inFields(
  paths: Readonly<Record<string, ((value: string, row: number) => string | undefined) | 'drop'>>,
): (header: readonly string[]) => CsvEdits {
  return (header) => ({
    edits: Object.entries(paths).map(([path, replace]) => ({ index: header.indexOf(path), replace })),
  });
}
