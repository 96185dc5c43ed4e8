import { isDigit } from './character-class.ts';

/** A longer run of characters is no word. */
const longestWord = 64;

/** Lower-case labels, the last one a top-level domain or as short as one. */
const hostName = /^[a-z-]+(?:\.[a-z-]+)*\.(?:com|net|org|edu|gov|mil|int|info|biz|local|internal|lan|arpa|[a-z]{2})$/;
/** `conf/app.yml`, unlike `read/write`. */
const dottedPath = /\w\.\w/;
const anyDigit = /\p{Nd}/u;

const units = new Set(
  'b kb mb gb tb kib mib gib tib byte bytes ns us µs ms s sec secs second seconds min mins minute minutes h hour hours d day days percent'.split(
    ' ',
  ),
);
export const longestUnit = 9;

/** "1293 bytes (1.26 KB)": the same size once more, in larger units. */
const sizeAgain = / ?\([\d.,]+ ?[KMGT]i?B(?:, [\d.,]+ ?[KMGT]i?B)?\)/iy;

/** Whether a run of characters is no word: it holds a digit, or is a path, a host name or a mail address. */
export function varies(run: string): boolean {
  if (run.length > longestWord) return true;
  let slashes = 0;
  let isHex = run.length >= 8;
  let isWide = false;
  for (let index = 0; index < run.length; index += 1) {
    const code = run.charCodeAt(index);
    if (isDigit(code) || code === 0x40 || code === 0x5c) return true;
    if (code === 0x2f) slashes += 1;
    else if (code > 127) isWide = true;
    const folded = code | 0x20;
    if (folded < 0x61 || folded > 0x66) isHex = false;
  }
  if (isHex || (isWide && anyDigit.test(run))) return true;
  if (slashes === 0) return run.startsWith('tok_') || run.startsWith('hsh_') || hostName.test(run);
  return run.length > 1 && (slashes > 1 || run[0] === '/' || dottedPath.test(run));
}

export function isUnit(word: string): boolean {
  return units.has(word.toLowerCase());
}

/** Where the size that ends at a place ends with what follows it in brackets, if that says it again. */
export function sizeEnd(text: string, end: number): number {
  if (text[end] !== ' ' || text[end + 1] !== '(') return end;
  sizeAgain.lastIndex = end;
  return sizeAgain.test(text) ? sizeAgain.lastIndex : end;
}
