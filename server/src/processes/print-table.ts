import { printLine } from './print.ts';

export type Cell = string | number | undefined;

/** Characters that would move the cursor or colour what follows don't get onto a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be replaced
const control = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Lays out a table: columns aligned, numbers to the right, a rule under the names; `–` where a cell has nothing. */
export function formatTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => columns.map((_, i) => textOf(row[i])));
  const isRight = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] !== 'string'));
  const widths = columns.map((name, i) => Math.max(name.length, ...texts.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, i) => (isRight[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(columns), widths.map((width) => '─'.repeat(width)).join('  '), ...texts.map(line)].join('\n');
}

export function printTable(columns: readonly string[], rows: readonly (readonly Cell[])[]): void {
  printLine(formatTable(columns, rows));
}

function textOf(cell: Cell): string {
  if (cell === undefined || cell === '') return '–';
  return typeof cell === 'number' ? cell.toLocaleString('en-US') : cell.replaceAll(control, '�');
}
