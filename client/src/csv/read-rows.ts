import type { ByteSource, CsvOptions, CsvRows, RowBatch } from './csv-types.ts';
import { type OpenCsv, openCsv } from './open-csv.ts';
import { assertRowWidth } from './ragged-row.ts';

/**
 * Reads a CSV file as decoded cells, in batches of rows of about one input chunk. Memory stays flat.
 *
 * @throws {InputError} `csv-empty`, `csv-ragged`, `csv-quote`, `csv-encoding`, `csv-cell-too-large`; those of later rows
 *   from the iteration of `batches`
 */
export async function readRows(source: ByteSource, options: CsvOptions = {}): Promise<CsvRows> {
  const csv = await openCsv(source, options);
  return { dialect: csv.dialect, header: csv.header, batches: batchesOf(csv) };
}

async function* batchesOf(csv: OpenCsv): AsyncGenerator<RowBatch> {
  const { scanner, header, lenient } = csv;
  const width = header.length;
  try {
    for (let more = true; ; ) {
      const firstRow = scanner.rowNumber;
      const rows: string[][] = [];
      while (scanner.next()) {
        const cells = scanner.cells();
        if (cells.length !== width) {
          assertRowWidth(scanner.rowNumber - 1, cells.length, width, lenient);
          while (cells.length < width) cells.push('');
        }
        rows.push(cells);
      }
      if (rows.length > 0) yield { firstRow, rows };
      if (!more) return;
      more = await csv.fill();
    }
  } finally {
    await csv.close();
  }
}
