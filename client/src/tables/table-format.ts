import { extname } from 'node:path';
import { UsageError } from '@sdp/shared/errors';
import { withoutCompression } from '../compression/index.ts';

/** Ways in which a table is written down. */
export const tableFormats = ['csv', 'ndjson', 'parquet', 'xlsx'] as const;
export type TableFormat = (typeof tableFormats)[number];

const byExtension: Readonly<Record<string, TableFormat>> = {
  '.csv': 'csv',
  '.tsv': 'csv',
  '.ndjson': 'ndjson',
  '.jsonl': 'ndjson',
  '.parquet': 'parquet',
  '.xlsx': 'xlsx',
};

/** What a file's name says, that of its compression left aside. */
export function formatByName(path: string): TableFormat | undefined {
  return byExtension[extname(withoutCompression(path)).toLowerCase()];
}

/** What a file's first bytes say, where they can't be anything else. */
export function formatByMagic(start: Uint8Array): TableFormat | undefined {
  const magic = Buffer.from(start.subarray(0, 4)).toString('latin1');
  if (magic === 'PAR1') return 'parquet';
  return magic === 'PK\x03\x04' ? 'xlsx' : undefined;
}

/** What comes out of a table of this format. */
export function outputFormatOf(format: TableFormat): Exclude<TableFormat, 'xlsx'> {
  return format === 'xlsx' ? 'csv' : format;
}

/**
 * An output named after another format would be taken for what it isn't.
 *
 * @throws {UsageError} `usage-invalid`
 */
export function assertNameFits(outputPath: string, format: TableFormat): void {
  const named = formatByName(outputPath);
  const written = outputFormatOf(format);
  if (named === undefined || named === written) return;
  throw new UsageError('usage-invalid', {
    message: `The output would be ${written} under a name that says ${named}`,
    remedy:
      'Tables keep their format (a workbook’s sheet becomes CSV); change the name of the output, or say --format.',
    details: { file: outputPath },
  });
}
