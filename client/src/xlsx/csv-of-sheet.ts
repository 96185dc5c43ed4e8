import { InputError } from '@sdp/shared/errors';
import { readSheet } from 'read-excel-file/node';
import type { ByteSource } from '../csv/index.ts';
import type { TableInput } from '../tables/table.ts';

const rowsPerChunk = 1_000;
const dayMs = 86_400_000;

export interface SheetOptions {
  readonly signal: AbortSignal;
  /** The first where left out. */
  readonly sheet?: string;
}

/**
 * A sheet of an .xlsx workbook (ECMA-376) as CSV: RFC 4180, UTF-8. Cells give what the workbook stores, not how it shows
 * them: formulas their last result, numbers all their digits, dates ISO 8601. The whole sheet is in memory, which a
 * workbook's limit of 1,048,576 rows bounds.
 *
 * @throws {InputError} from the iteration: `xlsx-invalid`, `csv-column-unknown` for a sheet that isn't there
 */
export async function* csvOfSheet(
  { file, compression }: TableInput,
  options: SheetOptions,
): ByteSource & AsyncGenerator<Uint8Array> {
  const { signal, sheet } = options;
  if (file.path === undefined || compression !== 'none') {
    throw new InputError('format-unsupported', {
      message: 'A workbook must be a file, not compressed as a whole',
      remedy: 'Save it and name it with --input.',
    });
  }
  const rows = await cellsOf(file.path, sheet);
  const width = rows.reduce((most, row) => Math.max(most, lastFilled(row)), 0);
  for (let at = 0; at < rows.length; at += rowsPerChunk) {
    signal.throwIfAborted();
    const lines = rows.slice(at, at + rowsPerChunk).map((row) => {
      const cells = Array.from({ length: width }, (_, column) => quoted(textOf(row[column])));
      const line = cells.join(',');
      // A line without any byte would be no row.
      return `${line === '' ? '""' : line}\r\n`;
    });
    yield Buffer.from(lines.join(''));
  }
}

type Cells = readonly unknown[];

async function cellsOf(path: string, sheet: string | undefined): Promise<readonly Cells[]> {
  // Numbers are stored as doubles, spelled with up to 17 digits; the shortest spelling is what was typed.
  const options = { trim: false, parseNumber: (digits: string) => String(Number(digits)) };
  try {
    return await (sheet === undefined ? readSheet(path, options) : readSheet(path, sheet, options));
  } catch (error) {
    // The library's messages name files and values.
    if ((error as Error).name === 'SheetNotFoundError') {
      throw new InputError('csv-column-unknown', {
        message: 'The workbook has no sheet of that name',
        remedy: 'Check --sheet; names are compared exactly.',
      });
    }
    throw new InputError('xlsx-invalid');
  }
}

function lastFilled(row: Cells): number {
  return row.findLastIndex((cell) => cell !== null && cell !== undefined) + 1;
}

function textOf(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  if (!(cell instanceof Date)) return String(cell);
  const text = cell.toISOString();
  return cell.getTime() % dayMs === 0 ? text.slice(0, 10) : text.replace(/\.000Z$/, '').replace(/Z$/, '');
}

function quoted(text: string): string {
  return /[",\r\n]|^[ \t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
