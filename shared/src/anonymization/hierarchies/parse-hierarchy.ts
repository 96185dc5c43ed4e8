import { ConfigError } from '../../errors/index.ts';
import { assertHierarchy, type HierarchyRows } from './hierarchy-table.ts';

const delimiters = [';', ',', '\t', '|'] as const;

/**
 * Reads a hierarchy as ARX writes them: a CSV file without a header, each row a value and its generalizations from fine
 * to coarse. The delimiter is the one that cuts all rows into equally many cells, at least two.
 *
 * @param name of the column, for messages
 * @throws {ConfigError} `hierarchy-invalid`
 */
export function parseHierarchy(text: string, name: string): HierarchyRows {
  const content = text.startsWith('\uFEFF') ? text.slice(1) : text;
  for (const delimiter of delimiters) {
    const rows = splitRows(content, delimiter);
    const width = rows?.[0]?.length ?? 0;
    if (rows === undefined || width < 2 || rows.some((row) => row.length !== width)) continue;
    assertHierarchy(rows, name);
    return rows;
  }
  throw new ConfigError('hierarchy-invalid', {
    message: `The hierarchy of ${name} is no CSV whose rows have equally many cells, at least two`,
    details: { column: name },
  });
}

/** Rows of cells (RFC 4180), blank lines left out; `undefined` if a quote isn't closed. */
function splitRows(text: string, delimiter: string): string[][] | undefined {
  const rows: string[][] = [];
  let row: string[] = [];
  const endRow = () => {
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  };
  let at = 0;
  while (at < text.length) {
    const quoted = text[at] === '"';
    let cell: string;
    if (quoted) {
      const closed = closingQuote(text, at + 1);
      if (closed < 0) return undefined;
      cell = text.slice(at + 1, closed).replaceAll('""', '"');
      at = closed + 1;
    } else {
      const start = at;
      while (at < text.length && text[at] !== delimiter && text[at] !== '\n' && text[at] !== '\r') at += 1;
      cell = text.slice(start, at);
    }
    row.push(cell);
    if (text[at] === delimiter) {
      at += 1;
      // A delimiter at the very end opens one more cell.
      if (at === text.length) row.push('');
      continue;
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    else if (at < text.length && quoted && text[at - 1] !== '\r') return undefined;
    endRow();
  }
  if (row.length > 0) endRow();
  return rows;
}

/** Index of the quote that ends a cell, or −1. */
function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 2)) if (text[at + 1] !== '"') return at;
  return -1;
}
