/** A run of digits. */
export interface DigitGroup {
  readonly start: number;
  readonly end: number;
  readonly digits: string;
  /** What stands between this group and the one before it in the chunk; empty for the first. */
  readonly separator: string;
}

/**
 * Groups of digits that belong together: between two neighbours stand at most three separators, as in
 * `+1 (415) 555-0132` or `4111 1111 1111 1111`. A chunk touches no letter, and is no part of a UUID.
 */
export type DigitChunk = readonly DigitGroup[];

const maximumSeparator = 3;
const separators = ' -./()_';
const uuidLength = 36;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function isDigitAt(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  return code >= 48 && code <= 57;
}

export function isLetterAt(text: string, index: number): boolean {
  const lower = text.charCodeAt(index) | 32;
  return lower >= 97 && lower <= 122;
}

/** Whether an ASCII letter or digit stands there. Letters of other scripts don't join words: `電話0312345678`. */
export function isAlphanumericAt(text: string, index: number): boolean {
  return isDigitAt(text, index) || isLetterAt(text, index);
}

/** An extension may follow a telephone number without a space: `555-0132x12`. */
function startsExtension(text: string, index: number): boolean {
  return (text.charCodeAt(index) | 32) === 120 && isDigitAt(text, index + 1);
}

export function digitsIn(chunk: DigitChunk): number {
  return chunk.reduce((sum, group) => sum + group.end - group.start, 0);
}

/** Whether a UUID stands there, perhaps behind a prefix as in `order-6f0e0f5c-…`. */
export function isInsideUuid(text: string, start: number, end: number): boolean {
  if (text.length < uuidLength) return false;
  for (let first = Math.max(0, end - uuidLength); first <= start; first += 1) {
    if (text[first + 8] !== '-' || text[first + 13] !== '-') continue;
    if (isAlphanumericAt(text, first - 1) || isAlphanumericAt(text, first + uuidLength)) continue;
    if (uuid.test(text.slice(first, first + uuidLength))) return true;
  }
  return false;
}

/** Every chunk of a text, in one pass: each character is looked at a bounded number of times. */
export function* digitChunks(text: string): Generator<DigitChunk> {
  const mayHoldUuid = text.length >= uuidLength && hasFourHyphens(text);
  let chunk: DigitGroup[] = [];
  let previousEnd = -1;
  for (let i = 0; i < text.length; ) {
    if (!isDigitAt(text, i)) {
      i += 1;
      continue;
    }
    const start = i;
    while (isDigitAt(text, i)) i += 1;
    const separator = previousEnd >= 0 ? text.slice(previousEnd, start) : '';
    if (chunk.length > 0 && !isSeparator(separator)) {
      yield chunk;
      chunk = [];
    }
    const inWord = isLetterAt(text, start - 1) || (isLetterAt(text, i) && !startsExtension(text, i));
    previousEnd = i;
    if (inWord || (mayHoldUuid && isInsideUuid(text, start, i))) {
      if (chunk.length > 0) yield chunk;
      chunk = [];
      previousEnd = -1;
    } else {
      chunk.push({ start, end: i, digits: text.slice(start, i), separator: chunk.length > 0 ? separator : '' });
    }
  }
  if (chunk.length > 0) yield chunk;
}

function hasFourHyphens(text: string): boolean {
  let at = -1;
  for (let found = 0; found < 4; found += 1) {
    at = text.indexOf('-', at + 1);
    if (at < 0) return false;
  }
  return true;
}

function isSeparator(text: string): boolean {
  if (text.length === 0 || text.length > maximumSeparator) return false;
  for (const character of text) {
    if (!separators.includes(character)) return false;
  }
  return true;
}
