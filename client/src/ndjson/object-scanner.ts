import { InputError } from '@sdp/shared/errors';
import type { FieldNode } from './field-tree.ts';

/** What stands as a value. */
export const valueKind = { string: 1, escaped: 2, number: 3, boolean: 4, null: 5, array: 6, object: 7 } as const;
export type ValueKind = (typeof valueKind)[keyof typeof valueKind];

/** Levels of arrays and objects inside each other that a line may have. */
const depthLimit = 512;

/** A cell of the current row, by spans of bytes. */
export interface FieldSpan {
  node: FieldNode;
  kind: ValueKind;
  /** The value, quotes included. */
  start: number;
  end: number;
  /** What goes when the member is left out: itself and one of the commas beside it. */
  cutStart: number;
  cutEnd: number;
}

/**
 * Checks lines against RFC 8259 and finds the fields of each, as spans of bytes; nothing is decoded but names that have
 * not been met before. Only one name of two that are equal could be replaced, so names must differ, which the RFC leaves
 * to the reader.
 */
export class ObjectScanner {
  /** Fields of the current row, in the order of the line. */
  readonly spans: FieldSpan[] = [];
  count = 0;
  readonly #root: FieldNode;
  readonly #onUnknown: (parent: FieldNode, name: string, spelling: Uint8Array) => FieldNode;
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  #line = 0;
  #kind: ValueKind = valueKind.null;

  /** @param onUnknown called for a name that the tree does not have; adds it or throws */
  constructor(root: FieldNode, onUnknown: (parent: FieldNode, name: string, spelling: Uint8Array) => FieldNode) {
    this.#root = root;
    this.#onUnknown = onUnknown;
  }

  /**
   * @returns false for a line of blanks
   * @throws {InputError} `ndjson-invalid`, `ndjson-type`
   */
  scan(bytes: Buffer, start: number, end: number, line: number): boolean {
    this.#bytes = bytes;
    this.#end = end;
    this.#line = line;
    this.count = 0;
    const first = this.#blanks(start);
    if (first >= end) return false;
    if (bytes[first] !== 0x7b) {
      if (bytes[first] !== 0x5b) throw this.#wrong('it does not begin with {');
      throw new InputError('ndjson-invalid', {
        message: `Line ${line} begins with an array`,
        remedy: 'Put each element on a line of its own first, e.g. with jq -c ".[]".',
        details: { row: line },
      });
    }
    const behind = this.#members(first, this.#root, 1);
    if (this.#blanks(behind) < end) throw this.#wrong('text follows the object');
    return true;
  }

  /** @param open where the object's brace stands. @returns one past its closing brace */
  #members(open: number, parent: FieldNode, depth: number): number {
    const bytes = this.#bytes;
    const object = ++this.#root.metIn;
    let at = this.#blanks(open + 1);
    if (this.#at(at) === 0x7d) return at + 1;
    let leading: FieldSpan | undefined;
    let anyKept = false;
    let memberBefore = at;
    for (let turn = 0; ; turn++) {
      const nameStart = at;
      if (this.#at(at) !== 0x22) throw this.#wrong('a key in quotes is missing');
      if (leading !== undefined) leading.cutEnd = nameStart;
      leading = undefined;
      const nameEnd = this.#string(at);
      const node = this.#nodeOf(parent, turn, nameStart + 1, nameEnd - 1, this.#kind === valueKind.escaped);
      if (node.metIn === object) throw this.#wrong('a key stands in an object twice');
      node.metIn = object;
      at = this.#blanks(nameEnd);
      if (this.#at(at) !== 0x3a) throw this.#wrong('a colon is missing');
      at = this.#blanks(at + 1);
      const countBefore = this.count;
      let valueEnd: number;
      let span: FieldSpan | undefined;
      if (this.#at(at) === 0x7b) {
        if (depth >= depthLimit) throw this.#tooDeep();
        valueEnd = this.#members(at, node, depth + 1);
        // `{}` holds nothing to replace but is nothing to take for a value either.
        if (node.edited && !node.dropped) throw this.#refused(node);
        // What is cut as a whole is not touched inside.
        if (node.dropped) this.count = countBefore;
        if (node.dropped) span = this.#add(node, valueKind.object, at, valueEnd);
      } else {
        valueEnd = this.#value(at, depth);
        if (this.#kind === valueKind.null) node.holdsNulls = true;
        else node.holdsValues = true;
        if (node.edited && !node.dropped && this.#kind === valueKind.array) throw this.#refused(node);
        span = this.#add(node, this.#kind, at, valueEnd);
      }
      if (node.dropped && span !== undefined) {
        span.cutStart = anyKept ? memberBefore : nameStart;
        span.cutEnd = valueEnd;
        if (!anyKept) leading = span;
      } else anyKept = true;
      memberBefore = valueEnd;
      at = this.#blanks(valueEnd);
      const byte = at < this.#end ? bytes[at] : -1;
      if (byte === 0x7d) return at + 1;
      if (byte !== 0x2c) throw this.#wrong('a comma or } is missing');
      at = this.#blanks(at + 1);
    }
  }

  #add(node: FieldNode, kind: ValueKind, start: number, end: number): FieldSpan {
    let span = this.spans[this.count];
    if (span === undefined) {
      span = { node, kind, start, end, cutStart: 0, cutEnd: 0 };
      this.spans.push(span);
    } else {
      span.node = node;
      span.kind = kind;
      span.start = start;
      span.end = end;
    }
    this.count += 1;
    return span;
  }

  /** Rows mostly have their keys in one order: the node of the same turn is tried first. */
  #nodeOf(parent: FieldNode, turn: number, start: number, end: number, escaped: boolean): FieldNode {
    const bytes = this.#bytes;
    const likely = parent.children[turn];
    if (likely !== undefined && likely.spelling.length === end - start) {
      const { spelling } = likely;
      let same = 0;
      while (same < spelling.length && spelling[same] === bytes[start + same]) same++;
      if (same === spelling.length) return likely;
    }
    const text = bytes.toString('utf8', start, end);
    const name = escaped ? (JSON.parse(`"${text}"`) as string) : text;
    return parent.child(name) ?? this.#onUnknown(parent, name, bytes.subarray(start, end));
  }

  /** Any value but an object that is a member. @returns one past its end; its kind is in `#kind` */
  #value(at: number, depth: number): number {
    const byte = this.#at(at);
    if (byte === 0x22) return this.#string(at);
    if (byte === 0x2d || (byte >= 0x30 && byte <= 0x39)) return this.#number(at);
    if (byte === 0x74) return this.#word(at, 'true', valueKind.boolean);
    if (byte === 0x66) return this.#word(at, 'false', valueKind.boolean);
    if (byte === 0x6e) return this.#word(at, 'null', valueKind.null);
    if (byte === 0x5b || byte === 0x7b) {
      const end = this.#opaque(at, depth + 1);
      this.#kind = byte === 0x5b ? valueKind.array : valueKind.object;
      return end;
    }
    throw this.#wrong('a value is missing or misspelled');
  }

  /** An array, or an object inside one: checked, and taken as a whole. */
  #opaque(open: number, depth: number): number {
    if (depth > depthLimit) throw this.#tooDeep();
    const isArray = this.#at(open) === 0x5b;
    const close = isArray ? 0x5d : 0x7d;
    let at = this.#blanks(open + 1);
    if (this.#at(at) === close) return at + 1;
    for (;;) {
      if (!isArray) {
        if (this.#at(at) !== 0x22) throw this.#wrong('a key in quotes is missing');
        at = this.#blanks(this.#string(at));
        if (this.#at(at) !== 0x3a) throw this.#wrong('a colon is missing');
        at = this.#blanks(at + 1);
      }
      at = this.#blanks(this.#value(at, depth));
      const byte = this.#at(at);
      if (byte === close) return at + 1;
      if (byte !== 0x2c) throw this.#wrong('a comma or closing bracket is missing');
      at = this.#blanks(at + 1);
    }
  }

  #string(open: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    this.#kind = valueKind.string;
    for (let at = open + 1; at < end; at++) {
      const byte = bytes[at] as number;
      if (byte === 0x22) return at + 1;
      if (byte < 0x20) throw this.#wrong('a control character stands in a string');
      if (byte !== 0x5c) continue;
      this.#kind = valueKind.escaped;
      at += 1;
      const escaped = this.#at(at);
      if (escaped === 0x75) {
        for (let digit = 1; digit <= 4; digit++) if (!isHex(this.#at(at + digit))) throw this.#badEscape();
        at += 4;
      } else if (!isShortEscape(escaped)) throw this.#badEscape();
    }
    throw this.#wrong('a string is not closed');
  }

  #number(start: number): number {
    let at = start;
    if (this.#at(at) === 0x2d) at++;
    if (this.#at(at) === 0x30) at++;
    else at = this.#digits(at);
    if (this.#at(at) === 0x2e) at = this.#digits(at + 1);
    if ((this.#at(at) | 0x20) === 0x65) {
      at++;
      const sign = this.#at(at);
      at = this.#digits(sign === 0x2b || sign === 0x2d ? at + 1 : at);
    }
    this.#kind = valueKind.number;
    return at;
  }

  #digits(start: number): number {
    let at = start;
    while (this.#at(at) >= 0x30 && this.#at(at) <= 0x39) at++;
    if (at === start) throw this.#wrong('a number is misspelled');
    return at;
  }

  #word(at: number, word: string, kind: ValueKind): number {
    for (let index = 0; index < word.length; index++) {
      if (this.#at(at + index) !== word.charCodeAt(index)) throw this.#wrong('a value is missing or misspelled');
    }
    this.#kind = kind;
    return at + word.length;
  }

  #blanks(from: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let at = from;
    for (; at < end; at++) {
      const byte = bytes[at];
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0d) break;
    }
    return at;
  }

  /** The byte, or 0, which stands nowhere in JSON, behind the line's end. */
  #at(at: number): number {
    return at < this.#end ? (this.#bytes[at] as number) : 0;
  }

  #badEscape(): InputError {
    return this.#wrong('an escape is misspelled');
  }

  #tooDeep(): InputError {
    return this.#wrong(`more than ${depthLimit} arrays and objects stand inside each other`);
  }

  #wrong(what: string): InputError {
    return new InputError('ndjson-invalid', {
      message: `Line ${this.#line} is not a JSON object: ${what}`,
      details: { row: this.#line },
    });
  }

  #refused(node: FieldNode): InputError {
    return new InputError('ndjson-type', {
      message: `Line ${this.#line} has an array or an object in a field that is to be replaced`,
      details: { row: this.#line, column: node.path },
    });
  }
}

function isHex(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}

/** `"`, backslash, `/`, b, f, n, r, t. */
function isShortEscape(byte: number): boolean {
  return [0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74].includes(byte);
}
