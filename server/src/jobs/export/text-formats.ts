import type { Cell } from '@sdp/shared/contracts';
import type { RecordRow } from '../../records/index.ts';

/**
 * RFC 4180 with a header row. Cells go out as they came in, those too that a spreadsheet would take for a formula: whoever
 * uploads the file again must get the same records.
 */
export async function* asCsv(
  columns: readonly string[],
  chunks: AsyncIterable<readonly RecordRow[]>,
): AsyncGenerator<string> {
  yield csvLine(columns);
  for await (const rows of chunks) yield rows.map((row) => csvLine(columns.map((_, i) => row[i]))).join('');
}

/** One JSON object a line; a field that a record doesn't have is left out. */
export async function* asNdjson(
  columns: readonly string[],
  chunks: AsyncIterable<readonly RecordRow[]>,
): AsyncGenerator<string> {
  const names = columns.map((name) => JSON.stringify(name));
  for await (const rows of chunks) yield rows.map((row) => ndjsonLine(names, row)).join('');
}

function ndjsonLine(names: readonly string[], row: RecordRow): string {
  const fields = names.flatMap((name, i) => (row[i] === undefined ? [] : [`${name}:${JSON.stringify(row[i])}`]));
  return `{${fields.join(',')}}\n`;
}

function csvLine(cells: readonly (Cell | undefined)[]): string {
  const line = cells.map(csvCell).join(',');
  // An empty line would be read as none.
  return `${line === '' ? '""' : line}\r\n`;
}

function csvCell(cell: Cell | undefined): string {
  if (cell === null || cell === undefined) return '';
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
