import type { ByteSink, ByteSource, CsvDialect, CsvEdits, CsvOptions, CsvRewriteSummary } from './csv-types.ts';
import { openCsv } from './open-csv.ts';
import { OutputBuffer } from './output-buffer.ts';
import { RowRewriter } from './row-rewriter.ts';
import { runRewriter } from './run-rewriter.ts';
import { isUtf16, utf16Sink } from './text-encoding.ts';

/**
 * Copies a CSV file byte for byte, save for the cells that are replaced, dropped or appended: quoting, line ends, byte
 * order mark, blank lines and a missing last line end stay as they are. A replaced cell keeps its quoting; an unquoted
 * one is quoted only if its new value needs it. Memory stays flat with the file's size.
 *
 * @param plan called once with the header; says what is done to which column
 * @throws {InputError} `csv-empty`, `csv-ragged`, `csv-quote`, `csv-encoding`, `csv-cell-too-large`
 */
export async function rewriteCsv(
  source: ByteSource,
  sink: ByteSink,
  plan: (header: readonly string[], dialect: CsvDialect) => CsvEdits | Promise<CsvEdits>,
  options: CsvOptions = {},
): Promise<CsvRewriteSummary> {
  const csv = await openCsv(source, options);
  const { dialect, header, scanner } = csv;
  try {
    const edits = await plan(header, dialect);
    const out = new OutputBuffer(isUtf16(dialect.encoding) ? utf16Sink(sink, dialect.encoding) : sink);
    const rewriter = new RowRewriter(csv, edits, out);
    const from = edits.checkpoints?.from;
    if (from === undefined) rewriter.rewriteHeader();
    else {
      await csv.skipTo(from.inputOffset, from.rows);
      rewriter.restart();
    }
    await runRewriter(rewriter, csv, out, edits);
    return { dialect, header, rows: scanner.rowNumber - 1, inputBytes: csv.inputBytes() };
  } finally {
    await csv.close();
  }
}
