import { InputError } from '@sdp/shared/errors';
import { closingQuote, readString, skipWhitespace } from './json-text.ts';
import { malformed } from './record-sink.ts';

const structural = /["[\]{}]/g;
const maxDepth = 32;

export interface TopLevel {
  /** Every field but the one that is left unread. */
  readonly fields: Record<string, unknown>;
  /** Position of the bracket where that one begins. */
  readonly unreadAt?: number;
}

/** A field that is left to another parser: its name and the bracket it begins with. */
export interface UnreadField {
  readonly name: string;
  readonly bracket: '[' | '{';
}

/**
 * Reads the fields around a request's records without building the records.
 *
 * @throws {InputError} `request-malformed` (not one JSON object), `request-invalid` (a field twice)
 */
export function readTopLevel(text: string, unread?: UnreadField): TopLevel {
  const fields: Record<string, unknown> = Object.create(null);
  let unreadAt: number | undefined;
  const seen = new Set<string>();
  let at = skipWhitespace(text, text.startsWith('\ufeff') ? 1 : 0);
  if (text[at] !== '{') throw notAnObject(text, at);
  at = skipWhitespace(text, at + 1);
  if (text[at] === '}') at++;
  else {
    for (;;) {
      const name = nameAt(text, at);
      if (seen.has(name.value)) throw duplicateField();
      seen.add(name.value);
      at = skipWhitespace(text, name.end);
      if (text[at] !== ':') throw notJson();
      at = skipWhitespace(text, at + 1);
      const end = valueEnd(text, at);
      if (name.value === unread?.name && text[at] === unread.bracket) unreadAt = at;
      else if (name.value !== unread?.name) fields[name.value] = parse(text.slice(at, end));
      at = skipWhitespace(text, end);
      if (text[at] === '}') break;
      if (text[at] !== ',') throw notJson();
      at = skipWhitespace(text, at + 1);
    }
    at++;
  }
  if (skipWhitespace(text, at) < text.length) throw notJson();
  return { fields, ...(unreadAt !== undefined && { unreadAt }) };
}

function nameAt(text: string, at: number): { value: string; end: number } {
  const name = readString(text, at);
  if (!name) throw notJson();
  return name;
}

/** Where a value ends, by its brackets alone: whether it is well-formed is for its parser. */
function valueEnd(text: string, start: number): number {
  if (text[start] === '"') return nameAt(text, start).end;
  if (text[start] !== '[' && text[start] !== '{') {
    let end = start;
    while (end < text.length && !/[,}\]\s]/.test(text[end] as string)) end++;
    if (end === start) throw notJson();
    return end;
  }
  let depth = 0;
  structural.lastIndex = start;
  for (let match = structural.exec(text); match; match = structural.exec(text)) {
    const [bracket] = match;
    if (bracket === '"') structural.lastIndex = stringEnd(text, match.index);
    else if (bracket === '[' || bracket === '{') {
      if (++depth > maxDepth) throw malformed({ message: 'The body is nested too deeply' });
    } else if (--depth === 0) return match.index + 1;
  }
  throw notJson();
}

function stringEnd(text: string, start: number): number {
  const close = closingQuote(text, start + 1);
  if (close === -1) throw notJson();
  return close + 1;
}

function parse(token: string): unknown {
  try {
    return JSON.parse(token);
  } catch {
    throw notJson();
  }
}

function notAnObject(text: string, at: number): InputError {
  try {
    JSON.parse(text.slice(at));
  } catch {
    return notJson();
  }
  return new InputError('request-invalid', { message: 'The request is not a JSON object' });
}

function duplicateField(): InputError {
  return new InputError('request-invalid', { message: 'A field stands twice in the request' });
}

function notJson(): InputError {
  return malformed({ message: 'The body is not well-formed JSON' });
}
