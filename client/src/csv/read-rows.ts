import type { ByteSource, CsvOptions, CsvRows } from './csv-types.ts';

/**
 * Reads a CSV file as decoded cells, in batches of rows of about one input chunk. Memory stays flat.
 *
 * @throws {InputError} `csv-empty`, `csv-ragged`, `csv-quote`, `csv-encoding`, `csv-cell-too-large`; those of later rows
 *   from the iteration of `batches`
 */
export function readRows(_source: ByteSource, _options: CsvOptions = {}): Promise<CsvRows> {
  return Promise.reject(new Error('not yet written'));
}
