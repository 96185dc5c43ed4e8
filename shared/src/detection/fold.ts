/** A text in which look-alikes stand as ASCII, with the way back to the original. */
export interface FoldedText {
  readonly text: string;
  /** Index in the original of the character at `index`; the original's length past the end. */
  originalIndex(index: number): number;
}

/** Zero of every decimal digit run of the Basic Multilingual Plane that NFKC leaves alone (Unicode 16, Nd). */
const zeros = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6, 0x0e50,
  0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50,
  0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
];

/** Dashes other than `-`, spaces other than U+0020, characters of no width, digits and forms that NFKC maps to ASCII. */
const lookAlike =
  /[\p{Nd}\p{No}\p{Pd}\u00a0\u2000-\u200f\u202f\u205f\u2060\u2064\u2212\u3000\ufeff\ufe50-\ufe6f\uff01-\uff5e\u{1d400}-\u{1d7ff}]|[%&]/u;
const nothingWide = /[\u200b-\u200f\u2060-\u2064\ufeff\u00ad]/;
/** Dashes of sentences, which part words as blanks do. */
const sentenceDash = /[\u2014\u2015\u2e3a\u2e3b]/;
const otherDash = /[\p{Pd}\u2212]/u;
const otherSpace = /[\p{Zs}]/u;
/** `@` as URLs and HTML write it. */
const escapedAt = /%40|&(?:#0{0,6}64|#[xX]0{0,6}40|commat);/y;

function foldCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 128) return character;
  if (nothingWide.test(character)) return '';
  for (const zero of zeros) {
    if (code >= zero && code < zero + 10) return String.fromCharCode(48 + code - zero);
  }
  if (sentenceDash.test(character)) return ' ';
  if (otherDash.test(character)) return '-';
  if (otherSpace.test(character)) return ' ';
  return character.normalize('NFKC');
}

/**
 * Rewrites digits of other scripts, fullwidth forms (NFKC), odd dashes and spaces, characters without width, and the
 * `@` of URLs (`%40`) and HTML (`&#64;`, `&commat;`). Undefined when there is nothing to rewrite.
 */
export function fold(original: string): FoldedText | undefined {
  if (!lookAlike.test(original)) return undefined;
  const pieces: string[] = [];
  const indexes: number[] = [];
  const add = (piece: string, index: number) => {
    pieces.push(piece);
    for (let i = 0; i < piece.length; i += 1) indexes.push(index);
  };
  for (let index = 0; index < original.length; ) {
    escapedAt.lastIndex = index;
    const escaped = escapedAt.exec(original);
    if (escaped !== null) {
      add('@', index);
      index += escaped[0].length;
      continue;
    }
    const character = String.fromCodePoint(original.codePointAt(index) ?? 0);
    add(foldCharacter(character), index);
    index += character.length;
  }
  const text = pieces.join('');
  return { text, originalIndex: (index) => indexes[index] ?? original.length };
}
