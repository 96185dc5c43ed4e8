import { type Candidate, scoreOf } from './candidate.ts';
import { type Definition, isProving } from './definition.ts';
import { extendKey, type Layout, type LayoutIndex } from './layout.ts';
import type { SearchedText, SearchRequest } from './search-request.ts';
import { type Announced, announcedAround, mayEndAt, mayStartAt } from './surroundings.ts';

const mostGroups = 7;
const longestGroup = 31;
/** A value that begins with letters has digits in its next group: `DE 136 695 976`, `RSSMRA 85T10 A562S`. */
const longestLetterGroup = 6;

const digit = 1;
const letter = 2;
const classes = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code >= 48 && code <= 57) return digit;
  const lower = code | 32;
  return lower >= 97 && lower <= 122 ? letter : 0;
});
const classAt = (text: string, index: number): number => {
  const code = text.charCodeAt(index);
  return code < 128 ? (classes[code] ?? 0) : 0;
};

/** Separators of layouts: blank - . / : */
const separators = Uint8Array.from({ length: 128 }, (_, code) => (' -./:'.includes(String.fromCharCode(code)) ? 1 : 0));

interface Match {
  readonly candidate: Candidate;
  /** Counts only if nothing but such values stands in the text. */
  readonly ifAlone: boolean;
}

/**
 * Finds values by their layouts in one pass over the text: from each word that may begin one, the lengths of the words
 * that follow it with single separators lead to the few layouts that fit, so that text without such words costs a look
 * at each character.
 */
export function createLayoutSearch(
  index: LayoutIndex,
  request: SearchRequest,
): (searched: SearchedText) => Candidate[] {
  const asked = request.alone || request.region !== undefined;

  function matchesAt(searched: SearchedText, start: number, firstEnd: number, digits: number, matches: Match[]): void {
    const { text } = searched;
    let key = 0;
    let end = firstEnd;
    let groupStart = start;
    let digitsOnly = true;
    let spaced = false;
    let separator = 0;
    let digitCount = digits;
    let around: Announced | undefined;
    for (let groups = 1; groups <= mostGroups; groups += 1) {
      const length = end - groupStart;
      if (length > longestGroup) return;
      if (digitCount < length) digitsOnly = false;
      key = extendKey(key, separator, length);
      const layouts = (digitsOnly ? index.digitsOnly : index.mixed).get(key);
      if (layouts !== undefined && mayEndAt(text, end) && !(digitsOnly && spaced && isAmongNumbers(text, start, end))) {
        for (const layout of layouts) {
          if (!layout.firm && !asked) {
            around ??= announcedAround(searched.announcements, start, end);
            if (!around.has(layout.definition) && !request.announced.has(layout.definition)) continue;
          }
          const match = judge(searched, start, end, layout, around);
          if (match !== undefined) matches.push(match);
        }
      }
      if (!index.beginnings.has(key)) return;
      separator = text.charCodeAt(end);
      if (!(separator < 128) || separators[separator] !== 1) return;
      if (separator === 32) spaced = true;
      groupStart = end + 1;
      end = groupStart;
      digitCount = 0;
      for (let kind = classAt(text, end); kind !== 0; kind = classAt(text, end)) {
        if (kind === digit) digitCount += 1;
        end += 1;
      }
      if (end === groupStart || (digitCount === 0 && end - groupStart > longestLetterGroup)) return;
    }
  }

  function judge(
    searched: SearchedText,
    start: number,
    end: number,
    { definition, firm, pattern }: Layout,
    known: Announced | undefined,
  ): Match | undefined {
    const { text } = searched;
    pattern.lastIndex = start;
    if (!pattern.test(text) || pattern.lastIndex !== end) return undefined;
    const written = text.slice(start, end);
    if (isMixedCase(written)) return undefined;
    const verdict = verdictOn(definition, written);
    if (verdict === undefined) return undefined;
    const around = known ?? announcedAround(searched.announcements, start, end);
    const distance = request.announced.has(definition) ? 0 : around.get(definition);
    const { proven } = verdict;
    // A form whose checksum fails is somebody's typing error where words announce it, and a coincidence elsewhere.
    const speaks = firm && (definition.check === undefined || verdict.passed || definition.peculiar === true);
    const ifAlone = !speaks && distance === undefined && !(request.named && proven);
    const local = request.region !== undefined && definition.countries.includes(request.region);
    if (ifAlone && !(request.alone || (local && definition.checksum === true))) return undefined;
    const score = scoreOf({ proven, firm: speaks, distance, local, chance: definition.chance });
    return { candidate: { kind: definition.kind, proven, start, end, score }, ifAlone };
  }

  return (searched) => {
    const { text } = searched;
    const matches: Match[] = [];
    const { length } = text;
    for (let i = 0; i < length; ) {
      if (classAt(text, i) === 0) {
        i += 1;
        continue;
      }
      const start = i;
      let digits = 0;
      for (let kind = classAt(text, i); kind !== 0; kind = classAt(text, i)) {
        if (kind === digit) digits += 1;
        i += 1;
      }
      if (i - start > longestGroup) continue;
      if (digits === 0 && !mayPrecedeDigits(text, start, i)) continue;
      if (mayStartAt(text, start)) matchesAt(searched, start, i, digits, matches);
    }
    if (matches.length === 0) return [];
    const alone = matches.some((match) => match.ifAlone) && standAlone(text, matches);
    return matches.filter((match) => alone || !match.ifAlone).map((match) => match.candidate);
  };
}

/** Judges a value as written, separators included: whether it passed its check, and whether that proves it. */
export function verdictOn(definition: Definition, written: string): { passed: boolean; proven: boolean } | undefined {
  if (definition.check === undefined) return { passed: true, proven: false };
  const verdict = definition.check(written.replace(/[^0-9A-Za-z]/g, '').toUpperCase(), written);
  if (verdict === false) return undefined;
  return { passed: verdict === true, proven: verdict === true && isProving(definition) };
}

/** `081111 034726 19054`: a part of a list of numbers is none, save where the same form stands there again. */
function isAmongNumbers(text: string, start: number, end: number): boolean {
  const length = end - start;
  const before = text.charCodeAt(start - 1) === 32 && classAt(text, start - 2) === digit;
  const after = text.charCodeAt(end) === 32 && classAt(text, end + 1) === digit;
  if (!before && !after) return false;
  const form = formOf(text.slice(start, end));
  const again = (from: number) => from >= 0 && form === formOf(text.slice(from, from + length));
  return (before && !again(start - 1 - length)) || (after && !again(end + 1));
}

const formOf = (text: string) => text.replace(/[0-9]/g, '9');

/** Whether a group of letters is followed by one with digits, or by up to three letters and then such a group. */
function mayPrecedeDigits(text: string, start: number, end: number): boolean {
  if (end - start > longestLetterGroup) return false;
  const next = classAt(text, end + 1);
  if (next !== letter) return next === digit;
  if (end - start > 3) return false;
  let after = end + 2;
  while (after < end + 4 && classAt(text, after) === letter) after += 1;
  return classAt(text, after) === 0 && classAt(text, after + 1) === digit;
}

/** People write identifiers in one case; `aB3dE6` is a piece of a key. */
export function isMixedCase(written: string): boolean {
  return /[a-z]/.test(written) && /[A-Z]/.test(written);
}

/** Whether every letter and digit of the text belongs to a match. */
function standAlone(text: string, matches: readonly Match[]): boolean {
  let from = 0;
  let rest = '';
  for (const { candidate } of matches.toSorted((a, b) => a.candidate.start - b.candidate.start)) {
    if (candidate.start > from) rest += text.slice(from, candidate.start);
    from = Math.max(from, candidate.end);
  }
  return !/[\p{L}\p{N}]/u.test(rest + text.slice(from));
}
