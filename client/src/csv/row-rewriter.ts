import { CellWriter } from './cell-writer.ts';
import {
  type AppendedColumns,
  type ColumnEdit,
  type CsvEdits,
  type RowView,
  rowGroupSize,
  type TableCheckpoints,
  type TablePosition,
} from './csv-types.ts';
import type { OpenCsv } from './open-csv.ts';
import type { OutputBuffer } from './output-buffer.ts';
import { assertRowWidth } from './ragged-row.ts';
import { quoting, type RowScanner } from './row-scanner.ts';

const QUOTE = 0x22;

interface Step {
  readonly index: number;
  /** `undefined` drops the cell. */
  readonly replace: Exclude<ColumnEdit['replace'], 'drop'> | undefined;
  readonly replaceMany: ColumnEdit['replaceMany'];
  /** Of `replaceMany`: its results for the rows of the group at hand. */
  results: readonly (string | undefined)[];
  readonly plain: boolean;
  /** Of a dropped cell: whether all the columns before it are dropped too, so that the delimiter behind it goes. */
  readonly leads: boolean;
}

/** Applies edits to the scanner's rows. Whatever no edit touches is copied, from the end of one edit to the next. */
export class RowRewriter {
  readonly #scanner: RowScanner;
  readonly #out: OutputBuffer;
  readonly #writer: CellWriter;
  readonly #lenient: boolean;
  readonly #delimiter: number;
  readonly #width: number;
  readonly #steps: readonly Step[];
  readonly #kept: readonly number[];
  readonly #append: AppendedColumns | undefined;
  readonly #view: RowView;
  readonly #grouped: readonly Step[];
  readonly #checkpoints: TableCheckpoints | undefined;
  #nextCheckpoint: number;
  /** Bytes of the output's text that were written by an earlier run. */
  readonly #outputBefore: number;
  #copiedTo = 0;
  /** First row of the group whose results are at hand, and the row behind it. */
  #groupStart = 0;
  #groupEnd = 0;
  /** To the end of the row before, where the present one is the first of its group. */
  #goBack: (() => void) | undefined;
  /** Whether the scanner stands on a row that has not been rewritten yet. */
  #rowWaits = false;

  constructor(
    { scanner, header, dialect, lenient }: OpenCsv,
    { edits = [], append, restores = false, checkpoints }: CsvEdits,
    out: OutputBuffer,
  ) {
    const sorted = edits.toSorted((a, b) => a.index - b.index);
    const dropped = new Set(sorted.filter(({ replace }) => replace === 'drop').map(({ index }) => index));
    const firstKept = header.findIndex((_, index) => !dropped.has(index));
    this.#steps = sorted.map(({ index, replace, replaceMany, plain }) => ({
      index,
      replace: replace === 'drop' ? undefined : replace,
      replaceMany: replace === 'drop' ? undefined : replaceMany,
      results: [],
      plain: plain ?? false,
      leads: firstKept < 0 || index < firstKept,
    }));
    this.#grouped = this.#steps.filter(({ replaceMany }) => replaceMany !== undefined);
    this.#checkpoints = checkpoints;
    this.#outputBefore = checkpoints?.from?.outputBytes ?? 0;
    this.#nextCheckpoint = this.#outputBefore + (checkpoints?.everyBytes ?? 0);
    this.#kept = header.map((_, index) => index).filter((index) => !dropped.has(index));
    this.#scanner = scanner;
    this.#out = out;
    this.#lenient = lenient;
    this.#delimiter = dialect.delimiter.charCodeAt(0);
    this.#width = header.length;
    this.#append = append;
    this.#writer = new CellWriter(out, {
      delimiter: this.#delimiter,
      encoding: dialect.encoding === 'latin1' ? 'latin1' : 'utf-8',
      lenient,
      restores,
    });
    this.#view = {
      get row() {
        return scanner.rowNumber - 1;
      },
      get cellCount() {
        return scanner.cellCount;
      },
      cell: (index) => (index < scanner.cellCount ? scanner.cell(index) : ''),
    };
  }

  /** Data rows so far. */
  get rows(): number {
    return this.#scanner.rowNumber - 1;
  }

  /** The header has its dropped names cut and new ones appended; its other names are never replaced. */
  rewriteHeader(): void {
    this.#cutAndReplace(0);
    this.#appendCells(this.#append?.header);
  }

  /**
   * Rewrites rows until the output is full, until the scanner needs more bytes, or up to a place from which the work can
   * be taken up again, which it returns.
   */
  rewrite(): 'full' | 'starved' | TablePosition {
    const scanner = this.#scanner;
    const out = this.#out;
    const append = this.#append;
    while (this.#nextRow()) {
      const row = scanner.rowNumber - 1;
      if (this.#checkpoints !== undefined && row % rowGroupSize === 1) {
        const place = this.#checkpointBefore(row);
        if (place !== undefined) return place;
      }
      this.#rowWaits = false;
      if (this.#goBack !== undefined) this.#prepareGroup(this.#goBack);
      if (scanner.cellCount !== this.#width) assertRowWidth(row, scanner.cellCount, this.#width, this.#lenient);
      this.#cutAndReplace(row);
      if (append !== undefined) this.#appendCells(append.cells(this.#view));
      if (out.isFull) return 'full';
    }
    return 'starved';
  }

  #nextRow(): boolean {
    if (this.#rowWaits) return true;
    if (this.#grouped.length > 0 && this.#scanner.rowNumber >= this.#groupEnd) this.#goBack = this.#scanner.mark();
    this.#rowWaits = this.#scanner.next();
    return this.#rowWaits;
  }

  /** Looks ahead over the rows that are at hand, from the present one on, so that a method gets many cells at once. */
  #prepareGroup(goBack: () => void): void {
    const scanner = this.#scanner;
    this.#goBack = undefined;
    goBack();
    const first = scanner.rowNumber;
    // Groups end at the same rows however the file's chunks are cut, so that a checkpoint never splits one.
    const behind = first - ((first - 1) % rowGroupSize) + rowGroupSize;
    const columns = this.#grouped.map(() => [] as string[]);
    while (scanner.rowNumber < behind && scanner.next()) {
      const { cellCount } = scanner;
      for (let at = 0; at < columns.length; at++) {
        const { index } = this.#grouped[at] as Step;
        (columns[at] as string[]).push(index < cellCount ? scanner.cell(index) : '');
      }
    }
    this.#groupStart = first;
    this.#groupEnd = scanner.rowNumber;
    goBack();
    scanner.next();
    for (const [at, step] of this.#grouped.entries()) {
      const values = columns[at] as string[];
      step.results = values.length === 0 ? [] : (step.replaceMany?.(values, first) ?? []);
    }
  }

  #checkpointBefore(row: number): TablePosition | undefined {
    const { bytes, starts, offset } = this.#scanner;
    const rowStart = starts[0] as number;
    const out = this.#out;
    const outputBytes = this.#outputBefore + out.flushedBytes + out.length + rowStart - this.#copiedTo;
    if (this.#checkpoints === undefined || outputBytes < this.#nextCheckpoint) return undefined;
    this.#copyTo(bytes, rowStart);
    this.#nextCheckpoint = outputBytes + this.#checkpoints.everyBytes;
    return { rows: row - 1, inputOffset: offset + rowStart, outputBytes };
  }

  /** Copies what has been passed over, before the scanner forgets it. */
  copyRest(everything: boolean): void {
    const { bytes, position, end } = this.#scanner;
    this.#copyTo(bytes, everything ? end : position);
  }

  /** The scanner's bytes have moved: the row at hand begins at 0. */
  restart(): void {
    this.#copiedTo = this.#scanner.position;
  }

  /** @param row 0 for the header, in which nothing is replaced */
  #cutAndReplace(row: number): void {
    const scanner = this.#scanner;
    const { bytes, starts, ends, cellCount } = scanner;
    for (const { index, replace, replaceMany, results, plain, leads } of this.#steps) {
      if (index >= cellCount) break;
      const start = starts[index] as number;
      const end = ends[index] as number;
      if (replace === undefined) {
        this.#copyTo(bytes, leads ? start : start - 1);
        this.#copiedTo = leads && index + 1 < cellCount ? end + 1 : end;
        continue;
      }
      const kind = scanner.quotings[index] as number;
      const empty = end - start === (kind === quoting.none ? 0 : 2);
      if (empty || row === 0) continue;
      const value =
        replaceMany === undefined ? replace(scanner.cell(index), row, this.#view) : results[row - this.#groupStart];
      if (value === undefined) continue;
      this.#copyTo(bytes, start);
      if (plain) this.#writer.writePlain(value, kind);
      else this.#writer.write(value, kind, row);
      this.#copiedTo = end;
    }
    if (this.#kept.length < this.#width) this.#keepFromBeingBlank();
  }

  /** A row of which nothing is left would be a blank line, which is no row: an empty cell is written as `""` there. */
  #keepFromBeingBlank(): void {
    const { bytes, starts, ends, cellCount, rowEnd } = this.#scanner;
    const left = this.#kept.filter((index) => index < cellCount);
    const only = left[0];
    const blank = only === undefined || (left.length === 1 && starts[only] === ends[only]);
    if (!blank) return;
    this.#copyTo(bytes, rowEnd);
    this.#out.byte(QUOTE);
    this.#out.byte(QUOTE);
  }

  #appendCells(values: readonly string[] | undefined): void {
    if (values === undefined) return;
    const { bytes, rowEnd, cellCount, rowNumber } = this.#scanner;
    this.#copyTo(bytes, rowEnd);
    for (let missing = this.#width - cellCount; missing > 0; missing--) this.#out.byte(this.#delimiter);
    for (const value of values) {
      this.#out.byte(this.#delimiter);
      this.#writer.write(value, quoting.none, rowNumber - 1);
    }
  }

  #copyTo(bytes: Buffer, to: number): void {
    if (to <= this.#copiedTo) return;
    this.#out.copy(bytes, this.#copiedTo, to);
    this.#copiedTo = to;
  }
}
