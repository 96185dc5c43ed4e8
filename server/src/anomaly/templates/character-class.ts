export const space = 0;
export const wordCharacter = 1;
export const punctuation = 2;
/** A character of a script that is written without blanks: a token of its own. */
export const ideograph = 3;

/** Class of each ASCII character. */
const ascii = new Uint8Array(128).fill(wordCharacter);
for (let code = 0; code <= 32; code += 1) ascii[code] = space;
for (const character of '()[]{}<>"\'`,;=|!') ascii[character.charCodeAt(0)] = punctuation;

/** First and last code of ranges beyond ASCII that aren't parts of words. */
const wideBlanks = [0x80, 0xa0, 0x2000, 0x200f, 0x2028, 0x202f, 0x205f, 0x2060, 0x3000, 0x3000, 0xfeff, 0xfeff];
const widePunctuation = [
  ...[0xab, 0xab, 0xb7, 0xb7, 0xbb, 0xbb, 0x2010, 0x2027, 0x2030, 0x205e, 0x3001, 0x3004, 0x3008, 0x3020],
  ...[0xff01, 0xff0f, 0xff1a, 0xff20, 0xff3b, 0xff40, 0xff5b, 0xff65],
];
/** Hiragana, Katakana and Han; what lies beyond the first plane counts as a word's character. */
const ideographs = [0x3005, 0x3007, 0x3041, 0x30ff, 0x31f0, 0x31ff, 0x3400, 0x9fff, 0xf900, 0xfaff, 0xff66, 0xff9d];

/** Which kind of character stands at a place of a text. */
export function classAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 128 ? (ascii[code] as number) : wideClass(code);
}

function wideClass(code: number): number {
  if (isWithin(ideographs, code)) return ideograph;
  if (isWithin(wideBlanks, code)) return space;
  return isWithin(widePunctuation, code) ? punctuation : wordCharacter;
}

function isWithin(ranges: readonly number[], code: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if (code >= (ranges[at] as number) && code <= (ranges[at + 1] as number)) return true;
  }
  return false;
}

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

export function isLetter(code: number): boolean {
  const folded = code | 0x20;
  return (folded >= 0x61 && folded <= 0x7a) || code === 0x5f;
}

/** `: . ? -` at the end of a run. */
export function isTrailing(code: number): boolean {
  return code === 0x3a || code === 0x2e || code === 0x3f || code === 0x2d;
}
