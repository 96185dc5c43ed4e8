import { pipeline, Readable } from 'node:stream';
import { constants, createGzip, createZstdCompress } from 'node:zlib';
import { IntegrityError } from '@sdp/shared/errors';
import type { CsvOptions } from '../csv/index.ts';
import { readRows } from '../csv/index.ts';
import type { InputFile } from '../files/index.ts';
import { type Inspection, SourceDigest } from './inspect-file.ts';

export const compressions = ['zstd', 'gzip', 'none'] as const;
export type Compression = (typeof compressions)[number];

const lineEnd = '\r\n';

/**
 * The file as it travels: RFC 4180, UTF-8, comma, header, whatever it looks like on disk. It is read and parsed again for
 * each attempt; its last rows are held back until the digest of what was read equals that of what was checked, so that a
 * file exchanged meanwhile is never sent whole.
 */
export function encodeBody(
  openFile: () => Promise<InputFile>,
  options: CsvOptions,
  checked: Inspection,
  compression: Compression,
  onProgress: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  const rows = checkedRows(openFile, options, checked, onProgress);
  if (compression === 'none') return rows;
  const source = Readable.from(rows, { objectMode: false });
  const encoder =
    compression === 'gzip'
      ? createGzip({ level: 1 })
      : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  // The callback is needed to keep errors of the source from being thrown twice; they reach the reader all the same.
  return pipeline(source, encoder, () => undefined);
}

async function* checkedRows(
  openFile: () => Promise<InputFile>,
  options: CsvOptions,
  checked: Inspection,
  onProgress: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const { source } = await openFile();
  const digest = new SourceDigest(source);
  const { delimiter, encoding } = checked.dialect;
  const { header, batches } = await readRows(digest, { ...options, delimiter, encoding });
  let held = Buffer.from(encodeRow(header));
  for await (const { rows } of batches) {
    yield held;
    held = Buffer.from(rows.map(encodeRow).join(''));
    onProgress(digest.bytes);
  }
  if (digest.bytes !== checked.bytes || digest.hex() !== checked.sha256) {
    throw new IntegrityError('manifest-invalid', {
      message: 'The file was changed while it was being sent; the server was not given all of it',
      remedy: 'Make sure that nothing writes to the file and upload it again.',
    });
  }
  yield held;
}

function encodeRow(cells: readonly string[]): string {
  let row = '';
  for (let index = 0; index < cells.length; index += 1) {
    if (index > 0) row += ',';
    row += encodeCell(cells[index] as string);
  }
  // A row that is one empty cell would be a blank line, which readers skip.
  return (row === '' ? '""' : row) + lineEnd;
}

const needsQuotes = /[",\r\n]/;

function encodeCell(cell: string): string {
  return needsQuotes.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
