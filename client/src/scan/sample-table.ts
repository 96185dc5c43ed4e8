import { open } from 'node:fs/promises';
import { type ColumnFinding, createColumnScanner } from '@sdp/shared/detection';
import { SdpError } from '@sdp/shared/errors';
import { type ByteSource, type CsvDialect, type CsvOptions, readRows } from '../csv/index.ts';
import type { InputFile } from '../files/index.ts';

export interface SampleOptions {
  readonly csv: CsvOptions;
  /** Rows that are judged. */
  readonly rows: number;
  /** Looks for identifiers in every cell of the file, not in the sample alone. */
  readonly whole: boolean;
  /** 0-based columns that are left out of that: what they hold is known. */
  readonly known?: ReadonlySet<number>;
  /** Where the file lies, if parts of it can be read without the rest. */
  readonly path?: string;
  /** Called now and then. */
  readonly onProgress: () => void;
}

/** Some rows of a table, taken from all over it. */
export interface TableSample {
  readonly dialect: CsvDialect;
  /** Names of the columns, or data where the table has no header. */
  readonly firstRow: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Data rows that were read; all of them if `complete`. */
  readonly rowsRead: number;
  readonly complete: boolean;
  /** What detection found in all the cells, if it was asked to look there. */
  readonly findings: readonly ColumnFinding[];
}

/** Files up to this size are read to their end: it takes no longer than looking here and there. */
const readWholeBytes = 16 << 20;
const windows = 64;
const windowBytes = 64 << 10;
const lineFeed = 0x0a;

/**
 * Takes a sample of a table. A file that is read to its end gives every row the same chance; of a large one, unless
 * all of it is asked for, the first rows and some at evenly spread places are taken, so that the time doesn't grow with it.
 *
 * @throws {InputError} what reading a CSV file throws
 */
export async function sampleTable(input: InputFile, options: SampleOptions): Promise<TableSample> {
  const { path, whole } = options;
  const { sizeBytes } = input;
  if (whole || path === undefined || sizeBytes === undefined || sizeBytes <= readWholeBytes)
    return readAll(input, options);
  const head = await readHead(input.source, options);
  if (head.dialect.encoding.startsWith('utf-16')) return readAll(input, options);
  const rows = [...head.rows];
  const file = await open(path, 'r');
  try {
    const perWindow = Math.ceil((options.rows - rows.length) / windows);
    for (let index = 1; index <= windows; index += 1) {
      options.csv.signal?.throwIfAborted();
      const start = Math.floor((sizeBytes - windowBytes) * (index / windows));
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(windowBytes), 0, windowBytes, start);
      const found = await rowsWithin(buffer.subarray(0, bytesRead), head, options.csv);
      rows.push(...spread(found, perWindow));
      options.onProgress();
    }
  } finally {
    await file.close();
  }
  return { ...head, rows, rowsRead: rows.length, complete: false };
}

/** Reads all rows and keeps a fair sample of them (Vitter's algorithm R, with numbers that are the same every time). */
async function readAll({ source }: InputFile, options: SampleOptions): Promise<TableSample> {
  const { dialect, header, batches } = await readRows(source, options.csv);
  const scanner = options.whole ? createColumnScanner(header) : undefined;
  const random = repeatable();
  const kept: { row: number; cells: readonly string[] }[] = [];
  let count = 0;
  for await (const { rows } of batches) {
    for (const cells of rows) {
      count += 1;
      if (scanner !== undefined) {
        for (let index = 0; index < cells.length; index += 1) {
          if (options.known?.has(index) !== true) scanner.scan(index, count, cells[index] as string);
        }
      }
      if (kept.length < options.rows) kept.push({ row: count, cells: cells.map(ownText) });
      else {
        const place = Math.floor(random() * count);
        if (place < options.rows) kept[place] = { row: count, cells: cells.map(ownText) };
      }
    }
    options.onProgress();
  }
  kept.sort((a, b) => a.row - b.row);
  return {
    dialect,
    firstRow: header,
    rows: kept.map(({ cells }) => cells),
    rowsRead: count,
    complete: true,
    findings: scanner?.findings() ?? [],
  };
}

async function readHead(source: ByteSource, options: SampleOptions): Promise<TableSample> {
  const { dialect, header, batches } = await readRows(source, options.csv);
  const wanted = Math.ceil(options.rows / 3);
  const rows: (readonly string[])[] = [];
  for await (const batch of batches) {
    rows.push(...batch.rows.slice(0, wanted - rows.length));
    if (rows.length >= wanted) break;
  }
  return { dialect, firstRow: header, rows, rowsRead: rows.length, complete: false, findings: [] };
}

/** Whole rows in a piece of a file. One that was cut inside of quotes gives rows of a wrong width, or none: those are left out. */
async function rowsWithin(
  piece: Uint8Array,
  { dialect, firstRow }: TableSample,
  csv: CsvOptions,
): Promise<(readonly string[])[]> {
  const from = piece.indexOf(lineFeed) + 1;
  const to = piece.lastIndexOf(lineFeed) + 1;
  if (from === 0 || to <= from) return [];
  const width = firstRow.length;
  const rows: (readonly string[])[] = [];
  try {
    const source = (async function* () {
      yield piece.subarray(from, to);
    })();
    const { header, batches } = await readRows(source, {
      ...csv,
      delimiter: dialect.delimiter,
      encoding: dialect.encoding,
      lenient: false,
    });
    if (header.length !== width) return [];
    rows.push(header);
    for await (const batch of batches) rows.push(...batch.rows);
  } catch (error) {
    if (!(error instanceof SdpError)) throw error;
  }
  return rows;
}

function spread<T>(list: readonly T[], wanted: number): T[] {
  const step = Math.max(1, list.length / wanted);
  return Array.from({ length: Math.min(wanted, list.length) }, (_, index) => list[Math.floor(index * step)] as T);
}

/** Numbers from 0 to 1 that are the same in every run (xorshift32): the same file gives the same proposal. */
function repeatable(): () => number {
  let state = 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A copy: a piece of a longer text keeps all of that in memory. */
function ownText(text: string): string {
  return Buffer.from(text).toString();
}
