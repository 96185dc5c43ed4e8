import { classAt, isDigit, isLetter, isTrailing, punctuation, space, wordCharacter } from './character-class.ts';
import { messageKeys, messageLine } from './message-line.ts';
import { isUnit, longestUnit, sizeEnd, varies } from './variable-word.ts';

/** Stands in a template for whatever varies. */
export const wildcard = '<*>';

/** Characters and tokens of a masked line; what follows is one wildcard. */
const maximumCharacters = 1_000;
const maximumTokens = 120;
/** How far the end of a quoted or bracketed value is looked for. */
const longestValue = 500;

const quotesAndBrackets = new Map([
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['"', '"'],
  ["'", "'"],
]);
/** Where an address with a query ends at the latest. */
const afterAddress = new Set([' ', '\t', '"', "'", '<', '>', '(', ')', '[', ']', '{', '}', '|']);
const datePart = /^(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?$/;
const emptyValues = new Set(['true', 'false', 'null', 'none', 'nil', 'undefined', 'nan', 'n/a']);
/** What stands before "user" where a name follows. */
const beforeUser = new Set(['for', 'of', 'by', 'as', 'from', 'invalid', 'unknown', 'illegal', 'with']);

/**
 * A log line with what varies replaced: tokens, separated by one blank. Rules that hold for any system: a run of
 * characters with a digit in it is a variable (numbers, addresses, times, hex, UUIDs, tokens), so are paths, mail
 * addresses, dates, a number together with its unit, and empty places; a key stays, its value is judged by itself.
 * Neighbouring variables are one, so that lists of any length look the same. Only one line of the text counts, and of a
 * JSON object only its message ({@link messageLine}).
 */
export function maskLine(text: string): string {
  const masked = new LineMasker(messageLine(text)).mask();
  // A single token is a part of the text, and would keep all of it in memory.
  return text.length > longestValue && !masked.includes(' ') ? ` ${masked}`.slice(1) : masked;
}

class LineMasker {
  readonly #text: string;
  readonly #end: number;
  #out = '';
  #tokens = 0;
  /** The last two tokens written. */
  #last = '';
  #beforeLast = '';

  constructor(text: string) {
    this.#text = text;
    this.#end = text.length;
  }

  mask(): string {
    const text = this.#text;
    const end = this.#end;
    let at = 0;
    while (at < end && this.#tokens < maximumTokens && this.#out.length < maximumCharacters) {
      const kind = classAt(text, at);
      if (kind === wordCharacter) at = this.#run(at);
      else if (kind === punctuation) at = this.#punctuation(at);
      else if (kind === space) at = this.#blanks(at);
      else {
        this.#write(text[at] as string);
        at += 1;
      }
    }
    if (at < end && this.#last !== wildcard) this.#out = `${this.#out} ${wildcard}`;
    return this.#out;
  }

  /** Two blanks and more within a line: most often a place left empty. */
  #blanks(from: number): number {
    let at = from + 1;
    while (at < this.#end && classAt(this.#text, at) === space) at += 1;
    if (at - from > 1 && from > 0 && at < this.#end && this.#beforeLast !== '=') this.#write(wildcard);
    return at;
  }

  #punctuation(at: number): number {
    const text = this.#text;
    const mark = text[at] as string;
    const next = at + 1;
    // "<1 sec" is an amount.
    if (mark === '<' && isDigit(text.charCodeAt(next)) && this.#runEnd(next) < this.#end) {
      if (text[this.#runEnd(next)] === ' ') return next;
    }
    if ('=<>|!'.includes(mark) && text[next] === mark && text[next + 1] === mark) return this.#rule(at, mark);
    const key = this.#last;
    this.#write(mark);
    if (mark === '=') {
      const following = next < this.#end ? (text[next] as string) : ' ';
      if (' ,;)'.includes(following)) this.#write(wildcard);
      return messageKeys.has(key) ? next : this.#enclosedValue(next);
    }
    if ((mark === '"' || mark === "'") && text[next] === ':') return this.#namedValue(next);
    const closing = quotesAndBrackets.get(mark);
    const standsAlone = at === 0 || classAt(text, at - 1) === space;
    if (standsAlone && closing !== undefined && text[next] === closing) this.#write(wildcard);
    return next;
  }

  /** A mark again and again, such as a line under a title, is one token. */
  #rule(from: number, mark: string): number {
    let at = from;
    while (this.#text[at] === mark) at += 1;
    this.#write(mark.repeat(3));
    return at;
  }

  /** Where the value of `"key": value` ends if it is a text or a list; or where it begins. */
  #namedValue(colon: number): number {
    let at = colon + 1;
    while (at < this.#end && classAt(this.#text, at) === space) at += 1;
    const first = this.#text[at];
    this.#write(':');
    return first === '"' || first === "'" || first === '[' ? this.#enclosedValue(at) : at;
  }

  /** Where `"two words"`, `[a, b]` or `Name{…}` after a `=` ends, which is one value; or where it would begin. */
  #enclosedValue(from: number): number {
    const text = this.#text;
    const isQuoted = text[from] === '"' || text[from] === "'";
    const opening = isQuoted ? from : this.#runEnd(from);
    const open = text[opening] as string;
    if (opening >= this.#end || (!isQuoted && open !== '{' && open !== '[')) return from;
    const close = quotesAndBrackets.get(open) as string;
    let depth = 1;
    const last = Math.min(this.#end, opening + longestValue);
    for (let at = opening + 1; at < last; at += 1) {
      if (isQuoted && text[at] === '\\') at += 1;
      else if (text[at] === close) depth -= 1;
      else if (text[at] === open) depth += 1;
      if (depth > 0) continue;
      this.#write(wildcard);
      return at + 1;
    }
    return from;
  }

  #runEnd(from: number): number {
    let at = from;
    while (at < this.#end && classAt(this.#text, at) === wordCharacter) at += 1;
    return at;
  }

  #run(from: number): number {
    const text = this.#text;
    const end = this.#runEnd(from);
    if (text[end] === '=' && this.#isAddress(from, end)) {
      this.#write(wildcard);
      return this.#addressEnd(end);
    }
    let stop = end;
    // "done." and "cache:" are a word and a mark; "..." is a mark by itself.
    while (stop > from && isTrailing(text.charCodeAt(stop - 1))) stop -= 1;
    if (stop === from) {
      this.#write(text.slice(from, end));
      return end;
    }
    const numbered = stop === end ? this.#numberedEnd(end) : end;
    if (numbered > end) {
      this.#write(wildcard);
      return numbered;
    }
    this.#value(from, stop);
    if (stop < end) this.#write(text.slice(stop, end));
    else if (this.#last === wildcard) return this.#unit(end);
    return end;
  }

  /** Whether a run is the beginning of `/path?key=value`. */
  #isAddress(from: number, end: number): boolean {
    const path = this.#text.indexOf('/', from);
    if (path === -1 || path >= end) return false;
    const query = this.#text.indexOf('?', path);
    return query !== -1 && query < end;
  }

  #addressEnd(from: number): number {
    let at = from;
    while (at < this.#end && !afterAddress.has(this.#text[at] as string)) at += 1;
    while (at > from && ',;'.includes(this.#text[at - 1] as string)) at -= 1;
    return at;
  }

  /** Where "NAME(3)" ends, which is one name. */
  #numberedEnd(opening: number): number {
    const text = this.#text;
    if (text[opening] !== '(') return opening;
    let at = opening + 1;
    while (at < this.#end && isDigit(text.charCodeAt(at))) at += 1;
    return at > opening + 1 && text[at] === ')' ? at + 1 : opening;
  }

  /** "key:value" is three tokens, anything else one. */
  #value(from: number, stop: number): void {
    const text = this.#text;
    let letters = from;
    while (letters < stop && isLetter(text.charCodeAt(letters))) letters += 1;
    if (letters - from > 1 && letters < stop - 1 && text[letters] === ':' && text[letters + 1] !== '/') {
      this.#write(text.slice(from, letters));
      this.#write(':');
      this.#value(letters + 1, stop);
      return;
    }
    // "enabled.....1"
    if (letters > from && text.startsWith('..', letters)) {
      this.#write(text.slice(from, letters));
      while (text[letters] === '.') letters += 1;
      if (letters < stop) this.#value(letters, stop);
      return;
    }
    const word = text.slice(from, stop);
    this.#write(this.#isVariable(word, stop) ? wildcard : word);
  }

  #isVariable(word: string, stop: number): boolean {
    if (varies(word)) return true;
    const isValue = this.#last === '=' || (this.#last === ':' && this.#beforeLast === '"');
    if (isValue && emptyValues.has(word.toLowerCase())) return true;
    if (this.#last === 'user' && beforeUser.has(this.#beforeLast)) return true;
    return datePart.test(word) && (this.#last === wildcard || this.#isDateAfter(stop));
  }

  #isDateAfter(stop: number): boolean {
    let at = stop;
    while (at < this.#end && (this.#text[at] === ' ' || this.#text[at] === ',')) at += 1;
    if (isDigit(this.#text.charCodeAt(at))) return true;
    return at > stop && datePart.test(this.#text.slice(at, this.#runEnd(at)));
  }

  /** A unit after a number belongs to the number. */
  #unit(after: number): number {
    if (this.#text[after] !== ' ' || !isDigit(this.#text.charCodeAt(after - 1))) return after;
    let end = this.#runEnd(after + 1);
    while (end > after + 1 && isTrailing(this.#text.charCodeAt(end - 1))) end -= 1;
    if (end === after + 1 || end - after > longestUnit) return after;
    return isUnit(this.#text.slice(after + 1, end)) ? sizeEnd(this.#text, end) : after;
  }

  #write(token: string): void {
    if (this.#tokens >= maximumTokens) return;
    if (token === wildcard) {
      if (this.#last === wildcard) return;
      if (this.#last === ',' && this.#beforeLast === wildcard) {
        this.#out = this.#out.slice(0, -2);
        this.#last = wildcard;
        this.#beforeLast = '';
        return;
      }
    }
    this.#out = this.#out === '' ? token : `${this.#out} ${token}`;
    this.#tokens += 1;
    this.#beforeLast = this.#last;
    this.#last = token;
  }
}
