import { InputError } from '@sdp/shared/errors';
import { isoOfSerial } from './cell-dates.ts';
import { parseXml, type XmlAttributes } from './parse-xml.ts';
import { RichText, unescaped } from './shared-texts.ts';
import type { Workbook } from './workbook.ts';

/** What a sheet can have at most. */
const maxRows = 1_048_576;
const maxColumns = 16_384;

/** A row with any value. */
export interface SheetRow {
  /** From 1. */
  readonly number: number;
  /** Its texts by column; shorter where those at the end are empty. */
  readonly cells: readonly string[];
}

/**
 * The rows of a sheet that hold anything, in their order, some at a time.
 *
 * @throws {InputError} `xlsx-invalid` for cells in no order or out of bounds
 * @throws {Error} of the libraries
 */
export async function* rowsOfSheet(workbook: Workbook): AsyncGenerator<readonly SheetRow[]> {
  const reader = new SheetReader(workbook);
  const handlers = {
    open: (name: string, attributes: XmlAttributes) => reader.open(name, attributes),
    text: (text: string) => reader.text(text),
    close: (name: string) => reader.close(name),
  };
  for await (const _ of parseXml(workbook.sheet(), handlers)) yield reader.take();
}

class SheetReader {
  readonly #workbook: Workbook;
  readonly #inline = new RichText();
  #rows: SheetRow[] = [];
  #number = 0;
  #cells: string[] = [];
  #column = -1;
  #type = 'n';
  #style = 0;
  #value = '';
  #inValue = false;

  constructor(workbook: Workbook) {
    this.#workbook = workbook;
  }

  take(): readonly SheetRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  open(name: string, attributes: XmlAttributes): void {
    switch (name) {
      case 'row': {
        const { r } = attributes;
        const number = r === undefined ? this.#number + 1 : Number(r);
        if (!(Number.isInteger(number) && number > this.#number && number <= maxRows)) throw misplaced();
        this.#number = number;
        this.#cells = [];
        this.#column = -1;
        return;
      }
      case 'c': {
        const { r, t = 'n', s = '0' } = attributes;
        const column = r === undefined ? this.#column + 1 : columnOf(r);
        if (!(column > this.#column && column < maxColumns)) throw misplaced();
        this.#column = column;
        this.#type = t;
        this.#style = Number(s);
        this.#value = '';
        return;
      }
      case 'v':
        this.#inValue = true;
        return;
      default:
        this.#inline.open(name);
    }
  }

  text(text: string): void {
    if (this.#inValue) this.#value += text;
    else if (this.#type === 'inlineStr') this.#inline.text(text);
  }

  close(name: string): void {
    if (name === 'v') this.#inValue = false;
    else if (name === 'c') this.#set(this.#textOfCell());
    else if (name === 'row') {
      if (this.#cells.length > 0) this.#rows.push({ number: this.#number, cells: this.#cells });
    } else this.#inline.close(name);
  }

  #set(text: string): void {
    if (text === '') return;
    while (this.#cells.length < this.#column) this.#cells.push('');
    this.#cells.push(text);
  }

  #textOfCell(): string {
    const value = this.#value;
    switch (this.#type) {
      case 'inlineStr':
        return this.#inline.take();
      case 's': {
        const text = value === '' ? '' : this.#workbook.texts.at(Number(value));
        if (text === undefined) throw misplaced();
        return text;
      }
      case 'b':
        return value === '' ? '' : String(value.trim() === '1' || value.trim() === 'true');
      case 'n':
        return value.trim() === '' ? '' : this.#textOfNumber(value);
      // The result of a formula, the name of an error, or a date as ISO 8601.
      default:
        return unescaped(value);
    }
  }

  #textOfNumber(digits: string): string {
    const number = Number(digits);
    if (!Number.isFinite(number)) throw misplaced();
    const { dateStyles, since1904 } = this.#workbook;
    const date = dateStyles[this.#style] ? isoOfSerial(number, { since1904 }) : undefined;
    // Numbers are stored as doubles, spelled with up to 17 digits; the shortest spelling is what was typed.
    return date ?? String(number);
  }
}

/** `AB12` is in column 27, counted from 0. */
function columnOf(reference: string): number {
  let column = 0;
  for (const letter of /^[A-Z]{1,3}/i.exec(reference)?.[0].toUpperCase() ?? '') {
    column = column * 26 + letter.charCodeAt(0) - 64;
  }
  return column - 1;
}

function misplaced(): InputError {
  return new InputError('xlsx-invalid');
}
