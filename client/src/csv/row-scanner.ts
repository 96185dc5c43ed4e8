import { isUtf8 } from 'node:buffer';
import { InputError } from '@sdp/shared/errors';
import { firstInvalidUtf8, lastUtf8Boundary } from './utf8-boundary.ts';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/** How a cell is written in the file. */
export const quoting = { none: 0, plain: 1, escaped: 2 } as const;

export interface RowScannerOptions {
  /** An ASCII byte. */
  readonly delimiter: number;
  /** `utf-8` is validated; any byte is a Latin-1 character. */
  readonly encoding: 'utf-8' | 'latin1';
  /** Takes a quote behind blanks for a character of an unquoted cell. */
  readonly lenient: boolean;
  readonly maxRowBytes: number;
}

/**
 * Finds rows and cells as spans of bytes, without decoding anything. LF, CR and CRLF end a row and may be mixed. Quotes
 * follow RFC 4180: they open a cell only at its start and are doubled inside; beyond it, a quote inside an unquoted cell
 * (as in `5" pipe`) is a character like any other. Blanks before an opening quote are refused, since readers disagree on
 * what they mean. A line without any byte is no row, except in a table of one column, where it is an empty cell.
 *
 * Bytes go in by {@link push}, in chunks of any size; {@link next} moves to the next complete row. The spans stay valid
 * until the next `push`. A row that isn't complete is scanned again once as many bytes again have arrived, so that a
 * large cell costs time in proportion to its size.
 */
export class RowScanner {
  /** Holds the current row; replaced when it must grow. */
  bytes: Buffer;
  /** First byte of each cell of the current row, opening quote included. */
  starts = new Int32Array(64);
  /** One past the last byte of each cell, closing quote included. */
  ends = new Int32Array(64);
  /** {@link quoting} of each cell. */
  quotings = new Uint8Array(64);
  /** Cells of the current row. */
  cellCount = 0;
  /** Number of rows returned so far; the first row is 1. */
  rowNumber = 0;
  /** One past the last byte of the current row, its line end not included. */
  rowEnd = 0;
  /** Where the next row is looked for: behind the current row's line end. 0 until there is a first row. */
  position = 0;
  /** For a table of one column. */
  blankLinesAreRows = false;

  /** Where `bytes[0]` stands in the text. */
  offset = 0;

  readonly #options: RowScannerOptions;
  #end = 0;
  #finished = false;
  #preambleBytes = 0;
  #lineFeedMayFollow = false;
  #scanAgainAt = 0;
  #validatedTo = 0;
  /** Set by a `push`, and thrown by the `next` that reaches it, before there is another. */
  #invalidAt = -1;

  constructor(options: RowScannerOptions, capacity = 1 << 20) {
    this.#options = options;
    this.bytes = Buffer.allocUnsafe(capacity);
  }

  /** One past the last byte that was pushed. */
  get end(): number {
    return this.#end;
  }

  /** Adds bytes; those of returned rows are forgotten, so what is wanted of them must have been copied. */
  push(chunk: Uint8Array): void {
    const kept = this.#end - this.position;
    const needed = kept + chunk.length + 2;
    if (needed > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
      this.bytes.copy(larger, 0, this.position, this.#end);
      this.bytes = larger;
    } else if (this.position > 0) {
      this.bytes.copyWithin(0, this.position, this.#end);
    }
    this.#validatedTo = Math.max(0, this.#validatedTo - this.position);
    this.#scanAgainAt -= this.position;
    this.offset += this.position;
    this.position = 0;
    this.bytes.set(chunk, kept);
    this.#end = kept + chunk.length;
    this.#validate();
  }

  /** No more bytes will come: the last row may end without a line end. */
  finish(): void {
    this.#finished = true;
    this.#validate();
  }

  /** Says how many bytes at the start are no part of the table. */
  skipPreamble(byteCount: number): void {
    this.#preambleBytes = byteCount;
  }

  /**
   * Moves to the next row.
   *
   * @returns false when more bytes are needed or, after {@link finish}, when there are no more rows
   * @throws {InputError} `csv-quote`, `csv-encoding`, `csv-cell-too-large`
   */
  next(): boolean {
    if (this.#end < this.#scanAgainAt && !this.#finished) return false;
    const { bytes } = this;
    const end = this.#end;
    // Sentinels: they stop the loops below at the end of the data, so that no loop compares positions.
    bytes[end] = LF;
    bytes[end + 1] = QUOTE;
    const start = this.#rowStart();
    if (start >= end) return this.#incomplete(start);

    const rowEnd = this.#scanCells(start);
    if (rowEnd < 0) return this.#incomplete(start);
    if (rowEnd - start > this.#options.maxRowBytes) throw this.#tooLarge();
    if (this.#invalidAt >= 0 && this.#invalidAt < rowEnd) throw this.#invalid();
    this.rowNumber++;
    this.rowEnd = rowEnd;
    this.position = rowEnd < end ? rowEnd + 1 : end;
    if (rowEnd < end && bytes[rowEnd] === CR) {
      if (this.position === end) this.#lineFeedMayFollow = true;
      else if (bytes[this.position] === LF) this.position++;
    }
    return true;
  }

  /** Remembers where the next row is looked for, until the next `push`. @returns a function that goes back there */
  mark(): () => void {
    const { position, rowNumber } = this;
    const lineFeedMayFollow = this.#lineFeedMayFollow;
    return () => {
      this.position = position;
      this.rowNumber = rowNumber;
      this.#lineFeedMayFollow = lineFeedMayFollow;
      this.#scanAgainAt = 0;
    };
  }

  /**
   * Forgets all bytes before a place that lies between two rows.
   *
   * @param rowNumber of the row before it
   * @returns false while the place has not been pushed yet
   */
  skipTo(offset: number, rowNumber: number): boolean {
    this.position = Math.min(offset - this.offset, this.#end);
    this.rowNumber = rowNumber;
    this.#lineFeedMayFollow = false;
    this.#scanAgainAt = 0;
    return this.offset + this.position === offset;
  }

  #rowStart(): number {
    const { bytes } = this;
    const end = this.#end;
    if (this.#lineFeedMayFollow && this.position < end) {
      this.#lineFeedMayFollow = false;
      if (bytes[this.position] === LF) this.position++;
    }
    let start = this.rowNumber === 0 ? this.#preambleBytes : this.position;
    if (this.blankLinesAreRows) return start;
    while (start < end && (bytes[start] === LF || bytes[start] === CR)) start++;
    // Blank lines before the first row stay at hand, for whoever copies the file.
    if (this.rowNumber > 0) this.position = start;
    return start;
  }

  /** @returns one past the row's last byte (its line end not included), or -1 if the row isn't complete */
  #scanCells(rowStart: number): number {
    const { bytes } = this;
    const { delimiter, lenient } = this.#options;
    const end = this.#end;
    // No special byte is above this one, which lets most bytes of a text pass with a single comparison.
    const highest = Math.max(delimiter, QUOTE);
    let { starts, ends, quotings } = this;
    let count = 0;
    let at = rowStart;
    for (;;) {
      const cellStart = at;
      let kind: 0 | 1 | 2 = quoting.none;
      let byte = bytes[at] as number;
      if (byte === QUOTE) {
        kind = quoting.plain;
        at++;
        for (;;) {
          while (bytes[at] !== QUOTE) at++;
          at++;
          if (bytes[at] !== QUOTE || at > end) break;
          kind = quoting.escaped;
          at++;
        }
        if (at > end) {
          if (this.#finished) throw this.#malformed('a quoted cell is not closed');
          return -1;
        }
        byte = bytes[at] as number;
        if (byte !== delimiter && byte !== LF && byte !== CR) {
          throw this.#malformed('text follows a closing quote');
        }
      } else {
        for (; ; byte = bytes[++at] as number) {
          if (byte > highest) continue;
          if (byte === delimiter || byte === LF || byte === CR) break;
          if (byte === QUOTE && !lenient && this.#isBlank(cellStart, at)) {
            throw this.#malformed('blanks stand before an opening quote');
          }
        }
      }
      if (count === starts.length) ({ starts, ends, quotings } = this.#growCells());
      starts[count] = cellStart;
      ends[count] = at;
      quotings[count] = kind;
      count++;
      if (at >= end && !this.#finished) return -1;
      if (byte !== delimiter || at >= end) break;
      at++;
    }
    this.cellCount = count;
    return at;
  }

  #isBlank(start: number, end: number): boolean {
    for (let at = start; at < end; at++) if (this.bytes[at] !== SPACE && this.bytes[at] !== TAB) return false;
    return true;
  }

  /** The decoded content of a cell of the current row. */
  cell(index: number): string {
    const kind = this.quotings[index] as number;
    const start = this.starts[index] as number;
    const end = this.ends[index] as number;
    const encoding = this.#options.encoding;
    if (kind === quoting.none) return this.bytes.toString(encoding, start, end);
    const inner = this.bytes.toString(encoding, start + 1, end - 1);
    return kind === quoting.escaped ? inner.replaceAll('""', '"') : inner;
  }

  /** The decoded cells of the current row. */
  cells(): string[] {
    const cells = new Array<string>(this.cellCount);
    for (let index = 0; index < this.cellCount; index++) cells[index] = this.cell(index);
    return cells;
  }

  #incomplete(start: number): false {
    const pending = this.#end - start;
    if (this.#invalidAt >= 0 && (pending > 0 || this.#finished)) throw this.#invalid();
    if (this.#end - this.position > this.#options.maxRowBytes + this.#preambleBytes) throw this.#tooLarge();
    this.#scanAgainAt = Math.min(this.#end + pending, start + this.#options.maxRowBytes + 1);
    return false;
  }

  #validate(): void {
    if (this.#options.encoding !== 'utf-8' || this.#invalidAt >= 0) return;
    const to = this.#finished ? this.#end : lastUtf8Boundary(this.bytes, this.#end);
    const fresh = this.bytes.subarray(this.#validatedTo, to);
    if (!isUtf8(fresh)) this.#invalidAt = this.#validatedTo + firstInvalidUtf8(fresh);
    this.#validatedTo = to;
  }

  #growCells() {
    const grow = <T extends Int32Array | Uint8Array>(old: T, larger: T): T => {
      larger.set(old);
      return larger;
    };
    const size = this.starts.length * 2;
    this.starts = grow(this.starts, new Int32Array(size));
    this.ends = grow(this.ends, new Int32Array(size));
    this.quotings = grow(this.quotings, new Uint8Array(size));
    return this;
  }

  /** The header is the first row, so the row now at hand has the number of rows before it as a data row. */
  get #where(): { readonly row: number } | { readonly row?: never } {
    return this.rowNumber > 0 ? { row: this.rowNumber } : {};
  }

  get #place(): string {
    return this.rowNumber > 0 ? `row ${this.rowNumber}` : 'the header';
  }

  #malformed(what: string): InputError {
    return new InputError('csv-quote', {
      message: `Malformed quotes in ${this.#place}: ${what}`,
      details: this.#where,
    });
  }

  #invalid(): InputError {
    return new InputError('csv-encoding', {
      message: `The file is not valid UTF-8 in ${this.#place}`,
      details: this.#where,
    });
  }

  #tooLarge(): InputError {
    const { maxRowBytes } = this.#options;
    return new InputError('csv-cell-too-large', {
      message: `More than ${maxRowBytes} bytes in ${this.#place}`,
      details: this.#where,
    });
  }
}
