import { compressionByMagic, decompress } from '../compression/index.ts';
import type { ByteSource } from '../csv/index.ts';
import type { InputFile } from '../files/index.ts';
import type { TableInput } from './table.ts';
import { formatByMagic, formatByName, type TableFormat } from './table-format.ts';

const magicBytes = 4;

/**
 * Finds out what a file is: its compression by its first bytes, its format by `format`, its name or its first bytes; CSV
 * where nothing says otherwise.
 */
export async function openTable(
  file: InputFile,
  { name, format }: { readonly name: string; readonly format?: TableFormat },
): Promise<TableInput> {
  let read = 0;
  const counted = (async function* () {
    for await (const chunk of file.source) {
      read += chunk.length;
      yield chunk;
    }
  })();
  const { start, all } = await peek(counted);
  const compression = compressionByMagic(start);
  const found = format ?? formatByMagic(start) ?? formatByName(name) ?? 'csv';
  const { again } = file;
  // These are read from anywhere in the file, by a handle of their own.
  if (found === 'parquet' || found === 'xlsx') await counted.return(undefined);
  return {
    format: found,
    compression,
    file,
    text: decompress(all, compression),
    ...(again === undefined ? {} : { textAgain: () => decompress(again(), compression) }),
    fileBytesRead: () => read,
  };
}

/** The first bytes of a source, and all of them. */
async function peek(source: AsyncGenerator<Uint8Array>): Promise<{ start: Uint8Array; all: ByteSource }> {
  let start = Buffer.alloc(0);
  while (start.length < magicBytes) {
    const { done, value } = await source.next();
    if (done) break;
    // The source may reuse its chunk.
    start = Buffer.concat([start, value]);
  }
  const all = (async function* () {
    try {
      if (start.length > 0) yield start;
      yield* source;
    } finally {
      await source.return(undefined);
    }
  })();
  return { start, all };
}
