import { CellWriter } from './cell-writer.ts';
import type { AppendedColumns, CsvEdits, RowView } from './csv-types.ts';
import type { OpenCsv } from './open-csv.ts';
import type { OutputBuffer } from './output-buffer.ts';
import { assertRowWidth } from './ragged-row.ts';
import { quoting, type RowScanner } from './row-scanner.ts';

const QUOTE = 0x22;

interface Step {
  readonly index: number;
  /** `undefined` drops the cell. */
  readonly replace: ((value: string, row: number) => string | undefined) | undefined;
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
  #copiedTo = 0;

  constructor(
    { scanner, header, dialect, lenient }: OpenCsv,
    { edits = [], append, restores = false }: CsvEdits,
    out: OutputBuffer,
  ) {
    const sorted = edits.toSorted((a, b) => a.index - b.index);
    const dropped = new Set(sorted.filter(({ replace }) => replace === 'drop').map(({ index }) => index));
    const firstKept = header.findIndex((_, index) => !dropped.has(index));
    this.#steps = sorted.map(({ index, replace, plain }) => ({
      index,
      replace: replace === 'drop' ? undefined : replace,
      plain: plain ?? false,
      leads: firstKept < 0 || index < firstKept,
    }));
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

  /** @returns true when it stopped because the output is full, false when the scanner needs more bytes */
  rewriteRows(): boolean {
    const scanner = this.#scanner;
    const out = this.#out;
    const append = this.#append;
    while (scanner.next()) {
      const row = scanner.rowNumber - 1;
      if (scanner.cellCount !== this.#width) assertRowWidth(row, scanner.cellCount, this.#width, this.#lenient);
      this.#cutAndReplace(row);
      if (append !== undefined) this.#appendCells(append.cells(this.#view));
      if (out.isFull) return true;
    }
    return false;
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
    for (const { index, replace, plain, leads } of this.#steps) {
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
      const value = replace(scanner.cell(index), row);
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
