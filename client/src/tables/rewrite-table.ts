import { UsageError } from '@sdp/shared/errors';
import { type ByteSink, type CsvOptions, rewriteCsv } from '../csv/index.ts';
import type { ManifestFormat } from '../manifest/index.ts';
import { type NdjsonRewriteSummary, rewriteNdjson } from '../ndjson/index.ts';
import type { TableInput, TablePlan, TableSummary } from './table.ts';

export interface RewriteTableOptions {
  readonly csv: CsvOptions;
  readonly signal: AbortSignal;
  /** Where values are put back: what the manifest says of the file. */
  readonly described?: ManifestFormat;
  /** Name of a workbook's sheet; the first where left out. */
  readonly sheet?: string;
}

/**
 * Copies a table in its own format, save for the cells that are replaced or dropped; a workbook's sheet becomes CSV.
 *
 * @throws {UsageError} `usage-invalid` for a sheet of what is no workbook
 * @throws {InputError} as the format's own rewriter does
 */
export async function rewriteTable(
  table: TableInput,
  sink: ByteSink,
  plan: TablePlan,
  options: RewriteTableOptions,
): Promise<TableSummary> {
  const { signal, described } = options;
  if (options.sheet !== undefined && table.format !== 'xlsx') {
    throw new UsageError('usage-invalid', {
      message: `--sheet belongs to a workbook, and the input is ${table.format}`,
      remedy: 'Leave out --sheet, or check --input and --format.',
    });
  }
  switch (table.format) {
    case 'ndjson': {
      const { textAgain } = table;
      const summary = await rewriteNdjson(table.text, sink, plan, {
        signal,
        ...(textAgain === undefined ? {} : { again: textAgain }),
        ...(described?.kind === 'ndjson' ? { types: described.types, spelling: described.spelling } : {}),
      });
      return { ...summary, format: ndjsonFormat(summary) };
    }
    case 'parquet': {
      const { rewriteParquet } = await import('../parquet/rewrite-parquet.ts');
      return rewriteParquet(table, sink, plan, { signal, ...(described?.kind === 'parquet' ? { described } : {}) });
    }
    case 'xlsx': {
      const { csvOfSheet } = await import('../xlsx/csv-of-sheet.ts');
      const text = csvOfSheet(table, { signal, ...(options.sheet === undefined ? {} : { sheet: options.sheet }) });
      return rewriteAsCsv(text, sink, plan, { delimiter: ',', encoding: 'utf-8', signal });
    }
    default:
      return rewriteAsCsv(table.text, sink, plan, { ...options.csv, signal });
  }
}

async function rewriteAsCsv(
  text: TableInput['text'],
  sink: ByteSink,
  plan: TablePlan,
  options: CsvOptions,
): Promise<TableSummary> {
  const { dialect, header, rows } = await rewriteCsv(text, sink, plan, options);
  const { delimiter, encoding } = dialect;
  return {
    header,
    rows,
    respelled: 0,
    format: { kind: 'csv', delimiter, encoding, lenient: options.lenient ?? false },
  };
}

function ndjsonFormat({ types, spelling }: NdjsonRewriteSummary): ManifestFormat {
  return { kind: 'ndjson', types: { ...types }, spelling };
}
