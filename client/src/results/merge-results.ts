import type { ByteSink, ByteSource, CsvOptions, CsvProgress, CsvRewriteSummary } from '../csv/index.ts';
import { resolveColumn, rewriteCsv } from '../csv/index.ts';
import type { JoinKey } from './join-key.ts';
import { namesBeside } from './result-columns.ts';
import type { ResultSpool } from './result-spool.ts';

export interface MergeOptions {
  readonly keyColumn: string;
  readonly joinKey: JoinKey;
  /** Names of the result columns, as they would be in a file that has none of them. */
  readonly resultHeader: readonly string[];
  readonly csv: CsvOptions;
  readonly onProgress: (progress: CsvProgress) => void;
}

/**
 * Copies the raw file byte for byte with the result columns behind the last one; a row without a result gets empty cells.
 *
 * @returns what was read, and the names under which the result columns stand
 * @throws {InputError} what reading a CSV file throws, `csv-column-unknown` for the key column
 */
export async function mergeResults(
  source: ByteSource,
  sink: ByteSink,
  spool: ResultSpool,
  { keyColumn, joinKey, resultHeader, csv, onProgress }: MergeOptions,
): Promise<CsvRewriteSummary & { readonly added: readonly string[] }> {
  const none = resultHeader.map(() => '');
  let added: readonly string[] = [];
  const summary = await rewriteCsv(
    source,
    sink,
    (header) => {
      const keyIndex = resolveColumn(header, keyColumn);
      added = namesBeside(header, resultHeader);
      return {
        append: { header: added, cells: (row) => spool.take(joinKey(row.cell(keyIndex))) ?? none },
        afterChunk: onProgress,
      };
    },
    csv,
  );
  return { ...summary, added };
}
