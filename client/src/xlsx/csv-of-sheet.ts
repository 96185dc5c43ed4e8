import { open } from 'node:fs/promises';
import { InputError, SdpError } from '@sdp/shared/errors';
import type { ByteSource } from '../csv/index.ts';
import { changedMeanwhile, stateOf } from '../files/index.ts';
import type { TableInput } from '../tables/table.ts';
import { rowsOfSheet, type SheetRow } from './sheet-rows.ts';
import { openWorkbook, type Workbook } from './workbook.ts';

export interface SheetOptions {
  readonly signal: AbortSignal;
  /** The first where left out. */
  readonly sheet?: string;
}

/**
 * A sheet of an .xlsx workbook (ECMA-376) as CSV: RFC 4180, UTF-8. Cells give what the workbook stores, not how it shows
 * them: formulas their last result, numbers all their digits, dates ISO 8601. Rows are read as they come, twice, since
 * only the last may tell how many columns there are; the texts that cells share are in memory.
 *
 * @throws {InputError} from the iteration: `xlsx-invalid`, `csv-column-unknown` for a sheet that isn't there
 */
export async function* csvOfSheet(
  { file, compression }: TableInput,
  options: SheetOptions,
): ByteSource & AsyncGenerator<Uint8Array> {
  if (file.path === undefined || compression !== 'none') {
    throw new InputError('format-unsupported', {
      message: 'A workbook must be a file, not compressed as a whole',
      remedy: 'Save it and name it with --input.',
    });
  }
  const handle = await open(file.path, 'r');
  let workbook: Workbook | undefined;
  try {
    const before = await stateOf(handle);
    workbook = await openWorkbook(file.path, options.sheet);
    yield* linesOf(workbook, options.signal);
    if ((await stateOf(handle)) !== before) throw changedMeanwhile(file.path);
  } catch (error) {
    if (error instanceof SdpError || options.signal.aborted || isSystemError(error)) throw error;
    // The libraries' messages name files and values.
    throw new InputError('xlsx-invalid');
  } finally {
    workbook?.close();
    await handle.close();
  }
}

async function* linesOf(workbook: Workbook, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  let width = 0;
  for await (const rows of rowsOfSheet(workbook)) {
    signal.throwIfAborted();
    for (const { cells } of rows) width = Math.max(width, cells.length);
  }
  // A line without any byte would be no row.
  const blank = `${width > 1 ? ','.repeat(width - 1) : '""'}\r\n`;
  let last = 0;
  for await (const rows of rowsOfSheet(workbook)) {
    signal.throwIfAborted();
    const lines: string[] = [];
    for (const row of rows) {
      // Rows without a value stay where they are between others.
      for (; last < row.number - 1; last++) lines.push(blank);
      lines.push(lineOf(row, width));
      last = row.number;
    }
    if (lines.length > 0) yield Buffer.from(lines.join(''));
  }
}

function lineOf({ cells }: SheetRow, width: number): string {
  return `${cells.map(quoted).join(',')}${','.repeat(width - cells.length)}\r\n`;
}

function quoted(text: string): string {
  return /[",\r\n]|^[ \t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
