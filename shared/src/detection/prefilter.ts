/** An `@`. */
export const AT = 1;
/** Two letters and two digits at the start of a word. */
export const IBAN_START = 2;
/** At least seven digits that don't belong to a word with letters. */
export const DIGITS = 4;
/** Characters that may stand for ASCII ones: fullwidth forms, other scripts' digits, odd spaces and dashes, escapes. */
export const FOLDABLE = 8;
/** Nothing but digits, at least seven. */
export const ALL_DIGITS = 16;
/** A decimal number with a fraction, as `-0.25`, `12,5` or `1.5e-7`. */
export const DECIMAL = 32;

const minimumDigits = 7;

const digit = 1;
const letter = 2;
const other = 3;

/** Class of every ASCII code, so that the loop below takes one look and one branch a character. */
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 48 && code <= 57) return digit;
  const lower = code | 32;
  return lower >= 97 && lower <= 122 ? letter : other;
});

const decimal = /^[+-]?\d*[.,]\d+(?:[eE][+-]?\d{1,3})?$/;
const timestamp =
  /^(?:\d{4}([-/.])\d\d?\1\d\d?|\d\d?([-/.])\d\d?\2\d{4})(?:[T ]\d\d?:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[ ]?[+-]\d\d:?\d\d)?)?$/;

/**
 * One pass over the character codes that says which detectors have to look; nearly all cells get 0 and are done.
 * Digits after the first letter of a word don't count: no detector accepts them, so identifiers and hexadecimal tokens
 * cost this pass only.
 */
export function suspicion(value: string): number {
  const length = value.length;
  let flags = 0;
  let freeDigits = 0;
  let wordStart = 0;
  for (let i = 0; i < length; i += 1) {
    const code = value.charCodeAt(i);
    const kind = code < 128 ? classes[code] : 0;
    if (kind === digit) {
      freeDigits += 1;
    } else if (kind === letter) {
      const end = endOfWord(value, i);
      if (i === wordStart && end - i >= 4 && startsLikeIban(value, i)) flags |= IBAN_START;
      i = end - 1;
    } else {
      wordStart = i + 1;
      if (code === 64) flags |= AT;
      else if (kind === 0 ? mayStandForAscii(code) : mayEscape(value, code, i)) flags |= FOLDABLE;
    }
  }
  if (freeDigits < minimumDigits) return flags;
  if (freeDigits === length) return ALL_DIGITS;
  return flags === 0 && length <= 40 ? numberOrTime(value) : flags | DIGITS;
}

function endOfWord(value: string, start: number): number {
  let end = start + 1;
  for (; end < value.length; end += 1) {
    const code = value.charCodeAt(end);
    if (code > 127 || classes[code] === other) break;
  }
  return end;
}

/** Plain numbers and times are what most cells with many digits hold; these expressions have no overlapping loops. */
function numberOrTime(value: string): number {
  const first = value.charCodeAt(0);
  if (first > 57) return DIGITS;
  if (decimal.test(value)) return DECIMAL;
  return timestamp.test(value) ? 0 : DIGITS;
}

function startsLikeIban(value: string, start: number): boolean {
  return (
    classes[value.charCodeAt(start + 1)] === letter &&
    classes[value.charCodeAt(start + 2)] === digit &&
    classes[value.charCodeAt(start + 3)] === digit
  );
}

/** Signs of Latin-1, then anything past the Greek and Cyrillic letters that is not kana, Han or Hangul. */
function mayStandForAscii(code: number): boolean {
  if (code < 0x0660) return code < 0xc0;
  return !((code >= 0x3040 && code <= 0x9fff) || (code >= 0xac00 && code <= 0xd7af));
}

/** `%40`, `&#64;`, `&commat;`. */
function mayEscape(value: string, code: number, index: number): boolean {
  if (code === 37) return value.startsWith('40', index + 1);
  return code === 38 && (value[index + 1] === '#' || value[index + 1] === 'c');
}
