import { InputError } from '@sdp/shared/errors';
import { isPlainText } from './json-text.ts';
import type { ColumnDictionary, ParsedRecord, RecordLimits } from './record-sink.ts';

/**
 * Reads CSV (RFC 4180, comma, LF or CRLF) block by block. Rows without quotes, nearly all of them, are split as they stand;
 * the others are read cell by cell.
 */
export class CsvParser {
  readonly columns: ColumnDictionary;
  readonly #limits: RecordLimits;
  #text = '';
  #at = 0;
  #isLast = false;
  #isPlain = false;
  #row = 0;

  constructor(columns: ColumnDictionary, limits: RecordLimits) {
    this.columns = columns;
    this.#limits = limits;
  }

  /** Hands over the next piece of the file, with what the piece before left unread in front. */
  begin(text: string, isLast: boolean): void {
    this.#text = text;
    this.#at = 0;
    this.#isLast = isLast;
    this.#isPlain = isPlainText(text);
  }

  /** What has not been read: the beginning of a record whose end is still to come. */
  get rest(): string {
    return this.#text.slice(this.#at);
  }

  /**
   * @returns the next record, or undefined when the piece holds no further whole one
   * @throws {InputError} `csv-empty`, `csv-ragged`, `csv-quote`, `csv-cell-too-large`, `csv-column-ambiguous`, `request-invalid`
   */
  next(): ParsedRecord | undefined {
    if (this.columns.names.length === 0 && !this.#readHeader()) return undefined;
    const line = this.#line();
    if (line === undefined) return undefined;
    if (line === '' && (this.columns.names.length > 1 || this.#isAtEnd())) {
      // A blank line at the end is no record; elsewhere it is one with too few cells.
      if (!this.#isAtEnd()) throw ragged(this.#row + 1);
      return undefined;
    }
    this.#row++;
    const texts = this.#isQuoted ? this.#cells : line.split(',');
    if (texts.length !== this.columns.names.length) throw ragged(this.#row);
    if (line.length > this.#limits.maxCellLength) this.#checkSizes(texts, line.length);
    const isVerbatim = this.#isPlain && !this.#isQuoted && !line.includes('\r');
    const entry = isVerbatim ? `["${line.replaceAll(',', '","')}"]` : JSON.stringify(texts);
    return { row: this.#row, texts, entry };
  }

  #isQuoted = false;
  #cells: string[] = [];

  #readHeader(): boolean {
    if (this.#text.startsWith('\ufeff')) this.#at = 1;
    const line = this.#line();
    if (line === undefined) {
      if (this.#isLast) throw new InputError('csv-empty');
      this.#at = 0;
      return false;
    }
    if (line === '') throw new InputError('csv-empty');
    for (const name of this.#isQuoted ? this.#cells : line.split(',')) {
      if (this.columns.indexOf(name) !== undefined) {
        throw new InputError('csv-column-ambiguous', {
          message: 'A column name stands in the header more than once',
          details: { columnIndex: this.columns.names.length },
        });
      }
      this.columns.add(name);
    }
    return true;
  }

  #isAtEnd(): boolean {
    return this.#isLast && /^[\r\n]*$/.test(this.#text.slice(this.#at, this.#at + 64));
  }

  /** The next row's text without its line end; if it has quotes, its cells are in `#cells`. Undefined: no whole row is there. */
  #line(): string | undefined {
    const text = this.#text;
    const start = this.#at;
    let end = text.indexOf('\n', start);
    if (end === -1) {
      if (!this.#isLast || start >= text.length) return this.#checkRest();
      end = text.length;
    }
    const lineEnd = end > start && text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
    const line = text.slice(start, lineEnd);
    this.#isQuoted = line.includes('"');
    if (!this.#isQuoted) {
      this.#at = end + 1;
      return line;
    }
    return this.#quotedRow(start) ? line : this.#checkRest();
  }

  /** @returns false when the row's end isn't there yet */
  #quotedRow(start: number): boolean {
    const text = this.#text;
    const cells: string[] = [];
    let at = start;
    for (;;) {
      let end: number;
      if (text.charCodeAt(at) === 0x22) {
        const close = closingQuote(text, at + 1);
        if (close === -1) {
          if (this.#isLast) throw this.#badQuote();
          return false;
        }
        if (close + 1 >= text.length && !this.#isLast) return false;
        cells.push(text.slice(at + 1, close).replaceAll('""', '"'));
        end = close + 1;
      } else {
        end = cellEnd(text, at);
        const cell = text.slice(at, end);
        if (cell.includes('"')) throw this.#badQuote();
        cells.push(cell.endsWith('\r') && text.charCodeAt(end) !== 0x2c ? cell.slice(0, -1) : cell);
      }
      if (text.charCodeAt(end) === 0x2c) {
        at = end + 1;
        continue;
      }
      if (text.charCodeAt(end) === 0x0d && text.charCodeAt(end + 1) === 0x0a) end++;
      if (end < text.length ? text.charCodeAt(end) !== 0x0a : !this.#isLast) {
        if (end >= text.length - 1 && !this.#isLast) return false;
        throw this.#badQuote();
      }
      this.#cells = cells;
      this.#at = end + 1;
      return true;
    }
  }

  #badQuote(): InputError {
    const row = this.#row + 1;
    return new InputError('csv-quote', { message: `A quoted cell is malformed (row ${row})`, details: { row } });
  }

  #checkRest(): undefined {
    if (this.#text.length - this.#at > this.#limits.maxRecordLength) throw tooLarge(this.#row + 1);
    return undefined;
  }

  #checkSizes(cells: readonly string[], length: number): void {
    if (length > this.#limits.maxRecordLength || cells.some((cell) => cell.length > this.#limits.maxCellLength)) {
      throw tooLarge(this.#row);
    }
  }
}

function closingQuote(text: string, from: number): number {
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 2)) {
    if (text.charCodeAt(at + 1) !== 0x22) return at;
  }
  return -1;
}

function cellEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x2c || code === 0x0a) return at;
  }
  return text.length;
}

function ragged(row: number): InputError {
  return new InputError('csv-ragged', {
    message: `A row has more or fewer cells than the header (row ${row})`,
    remedy: 'Correct the row.',
    details: { row },
  });
}

function tooLarge(row: number): InputError {
  return new InputError('csv-cell-too-large', {
    message: `A cell or a row is too large (row ${row})`,
    details: { row },
  });
}
