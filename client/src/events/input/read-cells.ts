import { InputError } from '@sdp/shared/errors';
import { type ByteSource, openRowScanner } from '../../csv/index.ts';
import type { InputRow } from './input-row.ts';

export interface CellOptions {
  /** One ASCII character; found out from the first rows where left out. */
  readonly delimiter?: string | undefined;
  /** The columns are the fields of an event: `tags.region` is one of its tags, measured values and amounts are numbers. */
  readonly eventFields?: boolean;
  /** Called with the header, before there is a row. @throws to stop */
  readonly onHeader?: (header: readonly string[]) => void;
}

/**
 * Rows of CSV as they come in, as objects by the names of the header. An empty cell is a field that is not there.
 *
 * @throws {InputError} what reading CSV throws: behind a row that can't be read nothing can be told for sure
 */
export async function* readCells(
  source: ByteSource,
  { delimiter, onHeader, eventFields = false }: CellOptions,
): AsyncGenerator<readonly InputRow[]> {
  let scanner: ReturnType<typeof openRowScanner> | undefined;
  let header: readonly string[] | undefined;
  let row = 0;
  const rows: InputRow[] = [];
  const scan = () => {
    if (scanner === undefined) return;
    while (scanner.next()) {
      const cells = scanner.cells();
      if (header === undefined) {
        header = named(cells);
        onHeader?.(header);
        continue;
      }
      row += 1;
      if (cells.length !== header.length) {
        throw new InputError('csv-ragged', {
          message: `Row ${row} has ${cells.length} cells, the header has ${header.length}`,
          remedy: 'Correct the row or check --delimiter; what came before it was taken.',
          details: { row },
        });
      }
      const entries = header.flatMap((name, index): [string, string][] =>
        cells[index] === '' ? [] : [[name, cells[index] as string]],
      );
      rows.push({ row, value: eventFields ? shaped(entries) : Object.fromEntries(entries), text: rowText(cells) });
    }
  };
  let first: Buffer[] = [];
  for await (const piece of source) {
    if (scanner === undefined) {
      first.push(Buffer.from(piece));
      // The delimiter is told by whole rows; those of a pipe may be few at first.
      const sample = Buffer.concat(first);
      if (!sample.includes(0x0a) && sample.length < 64 * 1024) continue;
      scanner = openRowScanner(sample, delimiter, false);
      first = [];
    } else scanner.push(piece);
    scan();
    if (rows.length > 0) yield rows.splice(0);
  }
  scanner ??= openRowScanner(Buffer.concat(first), delimiter, true);
  scanner.finish();
  scan();
  if (header === undefined) throw new InputError('csv-empty');
  if (rows.length > 0) yield rows;
}

function named(header: readonly string[]): readonly string[] {
  const twice = header.find((name, index) => header.indexOf(name) < index);
  if (twice === undefined) return header;
  throw new InputError('csv-column-ambiguous', { details: { column: twice } });
}

const groups: ReadonlySet<string> = new Set(['tags', 'attributes', 'metrics']);

function shaped(entries: readonly (readonly [string, string])[]): Readonly<Record<string, unknown>> {
  const event = new Map<string, unknown>();
  for (const [name, cell] of entries) {
    const dot = name.indexOf('.');
    const group = name.slice(0, Math.max(0, dot));
    if (!groups.has(group)) event.set(name, name === 'amount' ? numberIn(cell) : cell);
    else {
      const inner = (event.get(group) ?? new Map()) as Map<string, unknown>;
      event.set(group, inner.set(name.slice(dot + 1), group === 'metrics' ? numberIn(cell) : cell));
    }
  }
  return Object.fromEntries(
    Array.from(event, ([name, value]) => [name, value instanceof Map ? Object.fromEntries(value) : value]),
  );
}

/** What is no number stays what it is, and is refused by the contract. */
function numberIn(cell: string): number | string {
  const number = Number(cell);
  return cell.trim() === '' || Number.isNaN(number) ? cell : number;
}

function rowText(cells: readonly string[]): string {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',');
}
