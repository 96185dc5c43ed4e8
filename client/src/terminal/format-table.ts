import { escapeControl } from './escape-control.ts';
import type { Table, TableCell } from './terminal.ts';
import { textWidth } from './text-width.ts';

const gap = '  ';

/**
 * Lays out a table: columns aligned by their width on a terminal, numbers to the right with thousands apart, a rule
 * under the names. No trailing spaces.
 */
export function formatTable({ columns, rows }: Table): string {
  const texts = rows.map((row) => columns.map((_, index) => cellText(row[index] ?? '')));
  const names = columns.map((name) => escapeControl(name));
  const widths = names.map((name, index) =>
    Math.max(textWidth(name), ...texts.map((row) => textWidth(row[index] ?? ''))),
  );
  const right = columns.map((_, index) => rows.length > 0 && rows.every((row) => isNumeric(row[index] ?? '')));
  const line = (cells: readonly string[]) =>
    cells
      .map((text, index) => {
        const padding = ' '.repeat((widths[index] as number) - textWidth(text));
        return right[index] ? padding + text : text + padding;
      })
      .join(gap)
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join(gap);
  return [line(names), rule, ...texts.map(line)].join('\n');
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
