import { escapeControl } from './escape-control.ts';
import type { Table, TableCell } from './terminal.ts';
import { textWidth, wrapText } from './text-width.ts';

const gap = '  ';

/** A column of text isn't made narrower than this; the terminal wraps the lines then. */
const narrowest = 10;

/**
 * Lays out a table: columns aligned by their width on a terminal, numbers to the right with thousands apart, a rule
 * under the names. No trailing spaces.
 *
 * @param maxWidth of a terminal: where the table is wider, the widest texts go on in lines below, so that nothing is lost
 */
export function formatTable({ columns, rows }: Table, maxWidth = Number.POSITIVE_INFINITY): string {
  const texts = rows.map((row) => columns.map((_, index) => cellText(row[index] ?? '')));
  const names = columns.map((name) => escapeControl(name));
  const right = columns.map((_, index) => rows.length > 0 && rows.every((row) => isNumeric(row[index] ?? '')));
  const natural = names.map((name, index) =>
    Math.max(textWidth(name), ...texts.map((row) => textWidth(row[index] ?? ''))),
  );
  const widths = fittedWidths(natural, right, maxWidth - gap.length * (columns.length - 1));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, index) => {
        const padding = ' '.repeat(Math.max(0, (widths[index] as number) - textWidth(text)));
        return right[index] ? padding + text : text + padding;
      })
      .join(gap)
      .trimEnd();
  const linesOf = (cells: readonly string[]) => {
    const parts = cells.map((text, index) => wrapText(text, widths[index] as number));
    const height = Math.max(1, ...parts.map(({ length }) => length));
    return Array.from({ length: height }, (_, at) => line(parts.map((part) => part[at] ?? '')));
  };
  const rule = widths.map((width) => '─'.repeat(width)).join(gap);
  return [...linesOf(names), rule, ...texts.flatMap(linesOf)].join('\n');
}

/** The widest columns of text give way, all to one width, until the sum fits. */
function fittedWidths(natural: readonly number[], fixed: readonly boolean[], room: number): readonly number[] {
  const capped = (cap: number) => natural.map((width, index) => (fixed[index] ? width : Math.min(width, cap)));
  const sum = (widths: readonly number[]) => widths.reduce((total, width) => total + width, 0);
  let cap = Math.max(narrowest, ...natural);
  while (cap > narrowest && sum(capped(cap)) > room) cap -= 1;
  return capped(cap);
}

const isNumeric = (cell: TableCell) => typeof cell === 'number' || cell === '';

function cellText(cell: TableCell): string {
  return typeof cell === 'number' ? formatNumber(cell) : escapeControl(cell);
}

/** With thousands apart, whatever the locale of the machine. */
export function formatNumber(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 6 });
}

/** `1 row`, `1,000 rows`. */
export function formatCount(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatNumber(count)} ${count === 1 ? noun : plural}`;
}
