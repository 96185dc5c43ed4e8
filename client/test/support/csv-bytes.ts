import type { ByteSource, CsvEdits, CsvOptions } from '../../src/csv/index.ts';
import { readRows, rewriteCsv } from '../../src/csv/index.ts';

/** More than the bytes that are taken in as a sample of the file: from there on chunks are what the source makes them. */
export const beyondSample = 70_000;

/** Bytes in chunks of a size, the first of another size if given; each chunk lives in a buffer that is overwritten afterwards, as real sources do. */
export async function* inChunks(
  bytes: Uint8Array,
  size: number,
  first = size,
): ByteSource & AsyncGenerator<Uint8Array> {
  const buffer = Buffer.alloc(Math.min(Math.max(size, first), Math.max(1, bytes.length)));
  for (let offset = 0, take = first; offset < bytes.length; offset += take, take = size) {
    const part = bytes.subarray(offset, offset + take);
    buffer.set(part);
    yield buffer.subarray(0, part.length);
    buffer.fill(0x3f);
  }
}

export function asBytes(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : text;
}

type ChunkedOptions = CsvOptions & { readonly chunk?: number; readonly first?: number };

/** Rewrites a file in memory. */
export async function rewriteBytes(
  input: string | Uint8Array,
  edits: CsvEdits | ((header: readonly string[]) => CsvEdits),
  { chunk = 1 << 20, first = chunk, ...options }: ChunkedOptions = {},
) {
  const out: Buffer[] = [];
  const summary = await rewriteCsv(
    inChunks(asBytes(input), chunk, first),
    { write: async (part) => void out.push(Buffer.from(part)) },
    (header) => (typeof edits === 'function' ? edits(header) : edits),
    options,
  );
  const bytes = Buffer.concat(out);
  return { ...summary, bytes, text: bytes.toString('utf8') };
}

/** Reads a file in memory: the header, then all rows. */
export async function readTable(
  input: string | Uint8Array,
  { chunk = 1 << 20, first = chunk, ...options }: ChunkedOptions = {},
): Promise<string[][]> {
  const { header, batches } = await readRows(inChunks(asBytes(input), chunk, first), options);
  const rows: string[][] = [[...header]];
  for await (const batch of batches) for (const row of batch.rows) rows.push([...row]);
  return rows;
}

/** The table that has `cells` replaced in one column by what `replace` makes of them. */
export function inColumn(index: number, replace: (value: string, row: number) => string | undefined): CsvEdits {
  return { edits: [{ index, replace }] };
}
