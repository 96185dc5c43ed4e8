import type { ByteSink, ByteSource, CsvDialect, CsvEdits, CsvOptions, CsvRewriteSummary } from './csv-types.ts';

/**
 * Copies a CSV file byte for byte, save for the cells that are replaced, dropped or appended: quoting, line ends, byte
 * order mark, blank lines and a missing last line end stay as they are. A replaced cell keeps its quoting; an unquoted
 * one is quoted only if its new value needs it.
 *
 * @param plan called once with the header; says what is done to which column
 * @throws {InputError} `csv-empty`, `csv-ragged`, `csv-quote`, `csv-encoding`, `csv-cell-too-large`
 */
export function rewriteCsv(
  _source: ByteSource,
  _sink: ByteSink,
  _plan: (header: readonly string[], dialect: CsvDialect) => CsvEdits,
  _options: CsvOptions = {},
): Promise<CsvRewriteSummary> {
  return Promise.reject(new Error('not yet written'));
}
