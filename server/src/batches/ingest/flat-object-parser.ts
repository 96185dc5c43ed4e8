import { absentCell } from '../../records/index.ts';
import { readString, skipWhitespace } from './json-text.ts';
import { type ColumnDictionary, invalid, malformed, type ParsedRecord, type RecordLimits } from './record-sink.ts';

const quote = 0x22;
const minus = 0x2d;
const letterN = 0x6e;
const zero = 0x30;
const nine = 0x39;
const comma = 0x2c;
const closing = 0x7d;
const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const literals = ['true', 'false', 'null'];

/**
 * Reads flat JSON objects (RFC 8259) out of a text, one after another, into records.
 *
 * `JSON.parse` would do, were it not that it keeps the last of two equal names, rounds numbers it can't hold and builds what is
 * nested before anybody can refuse it. Those are refused here: a record must mean the same to everyone who reads it.
 *
 * Records of one source look alike. The text between the values of the last record is tried on the next one, and only the
 * values are looked at; where it doesn't fit, the record is read token by token.
 */
export class FlatObjectParser {
  readonly columns: ColumnDictionary;
  readonly #limits: RecordLimits;
  /** Text before each value of the last record, and after its last one; empty where its names weren't in the usual order. */
  #between: string[] = [];
  #closing = '}';
  readonly #texts: (string | undefined)[] = [];
  readonly #raw: string[] = [];
  /** The text holds no backslash and no control character but line ends: strings end at the next quote. */
  #isPlain = false;
  #end = 0;

  constructor(columns: ColumnDictionary, limits: RecordLimits) {
    this.columns = columns;
    this.#limits = limits;
  }

  /** Position after the object that was read last. */
  get end(): number {
    return this.#end;
  }

  /** To be called for every new text. `isPlain`: see {@link isPlainText}. */
  begin(isPlain: boolean): void {
    this.#isPlain = isPlain;
  }

  /**
   * @param start position of the `{`
   * @throws {InputError} `request-malformed` (not JSON) or `request-invalid` (not a flat object within the limits)
   */
  parse(text: string, start: number, row: number): ParsedRecord {
    const entry = (this.#isPlain ? this.#parseAlike(text, start) : undefined) ?? this.#parseTokens(text, start, row);
    if (this.#end - start > this.#limits.maxRecordLength) throw invalid({ message: 'The record is too large', row });
    return { row, texts: this.#texts, entry };
  }

  #parseAlike(text: string, start: number): string | undefined {
    const between = this.#between;
    const count = between.length;
    if (count === 0 || count !== this.columns.names.length) return undefined;
    const texts = this.#texts;
    let entry = '[';
    let at = start;
    for (let i = 0; i < count; i++) {
      const literal = between[i] as string;
      if (!text.startsWith(literal, at)) return undefined;
      at += literal.length;
      const first = text.charCodeAt(at);
      let end: number;
      if (first === quote) {
        end = text.indexOf('"', at + 1);
        if (end === -1 || end - at - 1 > this.#limits.maxCellLength) return undefined;
        texts[i] = text.slice(at + 1, end);
        end++;
      } else if (first === letterN) {
        end = at + 4;
        if (!text.startsWith('null', at)) return undefined;
        texts[i] = undefined;
      } else {
        end = endOfSimpleNumber(text, at, first);
        if (end === -1) return undefined;
        texts[i] = text.slice(at, end);
      }
      entry += i === 0 ? text.slice(at, end) : `,${text.slice(at, end)}`;
      at = end;
    }
    if (!text.startsWith(this.#closing, at)) return undefined;
    this.#end = at + this.#closing.length;
    return `${entry}]`;
  }

  #parseTokens(text: string, start: number, row: number): string {
    const { columns } = this;
    this.#texts.fill(undefined);
    const raw = this.#raw.fill(absentCell);
    const between: string[] = [];
    const order: number[] = [];
    let from = start;
    let at = skipWhitespace(text, start + 1);
    while (text.charCodeAt(at) !== closing || order.length > 0) {
      const name = stringAt(text, at, row);
      const column = columns.indexOf(name.value) ?? columns.add(name.value, row);
      at = skipWhitespace(text, name.end);
      if (text[at] !== ':') throw notJson(row);
      at = skipWhitespace(text, at + 1);
      if (raw[column] !== undefined && raw[column] !== absentCell) {
        throw invalid({ message: 'A name stands twice in one record', row, field: name.value });
      }
      between.push(text.slice(from, at));
      order.push(column);
      const end = this.#readValue(text, at, row, column, name.value);
      from = end;
      at = skipWhitespace(text, end);
      if (text.charCodeAt(at) === closing) break;
      if (text.charCodeAt(at) !== comma) throw notJson(row);
      at = skipWhitespace(text, at + 1);
    }
    this.#end = at + 1;
    if (order.length === 0) throw invalid({ message: 'The record has no fields', row });
    this.#between = order.every((column, i) => column === i) ? between : [];
    this.#closing = text.slice(from, at + 1);
    return `[${Array.from({ length: columns.names.length }, (_, i) => raw[i] ?? absentCell).join(',')}]`;
  }

  #readValue(text: string, at: number, row: number, column: number, field: string): number {
    const first = text.charCodeAt(at);
    if (first === quote) {
      const { value, end } = stringAt(text, at, row);
      if (value.length > this.#limits.maxCellLength) throw invalid({ message: 'A value is too large', row, field });
      this.#texts[column] = value;
      // Kept as it was written, but for what is written in needless or unpaired escapes.
      this.#raw[column] = JSON.stringify(value);
      return end;
    }
    if (first === minus || (first >= zero && first <= nine)) {
      numberToken.lastIndex = at;
      const token = numberToken.exec(text)?.[0];
      if (token === undefined || token.length > maxNumberLength) throw notJson(row);
      if (!isExact(token)) {
        throw invalid({ message: 'A number has more digits than can be kept; send it as a string', row, field });
      }
      this.#texts[column] = token;
      this.#raw[column] = token;
      return at + token.length;
    }
    const literal = literals.find((each) => text.startsWith(each, at));
    if (literal !== undefined) {
      this.#texts[column] = literal === 'null' ? undefined : literal;
      this.#raw[column] = literal;
      return at + literal.length;
    }
    if (text[at] === '{' || text[at] === '[') throw invalid({ message: 'A value is nested', row, field });
    throw notJson(row);
  }
}

const maxNumberLength = 400;

/** Up to 15 digits, with or without a sign and a fraction: such a number is exact. @returns -1 for anything else */
function endOfSimpleNumber(text: string, start: number, first: number): number {
  let at = first === minus ? start + 1 : start;
  const firstDigit = at;
  let dot = -1;
  for (; ; at++) {
    const code = text.charCodeAt(at);
    if (code >= zero && code <= nine) continue;
    if (code !== 0x2e || dot !== -1) break;
    dot = at;
  }
  const integerEnd = dot === -1 ? at : dot;
  const hasLeadingZero = text.charCodeAt(firstDigit) === zero && integerEnd - firstDigit > 1;
  return integerEnd === firstDigit || dot === at - 1 || at - firstDigit > 15 || hasLeadingZero ? -1 : at;
}

/** Whether the number that the text reads as is the one it says: no digit of it is lost. */
function isExact(token: string): boolean {
  const value = Number(token);
  if (!Number.isFinite(value)) return false;
  const [digits] = significantDigits(token);
  if (digits.length <= 15) return value !== 0 || digits === '';
  const [kept, keptExponent] = significantDigits(String(value));
  const [, exponent] = significantDigits(token);
  return kept === digits && keptExponent === exponent;
}

/** Digits without zeros at either end, and the power of ten of the last of them. */
function significantDigits(token: string): [digits: string, exponent: number] {
  const [mantissa = '', power = '0'] = token.replace(/^-/, '').toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = whole + fraction;
  const trimmed = all.replace(/0+$/, '');
  return [trimmed.replace(/^0+/, ''), Number(power) - fraction.length + (all.length - trimmed.length)];
}

function stringAt(text: string, at: number, row: number): { value: string; end: number } {
  const string = readString(text, at);
  if (!string) throw notJson(row);
  return string;
}

function notJson(row: number) {
  return malformed({ message: 'The record is not well-formed JSON', row });
}
