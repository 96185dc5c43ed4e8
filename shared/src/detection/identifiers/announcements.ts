import type { Definition } from './definition.ts';

const cjk = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]/;
const numberWord = /(?:number|nummer|nummern|numbers|numero|numer|nr|num)$/;

/** A word as the terms below have it: no accents, lower case, without a `number` word or a plural at its end. */
function stemOf(word: string): string {
  let plain = word.toLowerCase();
  if (cjk.test(plain)) return plain.normalize('NFKC');
  if (/[^a-z]/.test(plain)) {
    plain = plain
      .normalize('NFD')
      .replace(/[\u0300-\u036f]/g, '')
      .replaceAll('ß', 'ss')
      .replaceAll('ø', 'o')
      .replaceAll('ł', 'l')
      .replaceAll('ı', 'i');
  }
  const stem = plain.replace(numberWord, '');
  const kept = stem.length >= 2 ? stem : plain;
  return kept.length > 4 && kept.endsWith('s') ? kept.slice(0, -1) : kept;
}

/** The stems of one run of letters; `passportNumber` is two words. */
function stemsOfRun(run: string): readonly string[] {
  return run
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .split(' ')
    .map(stemOf);
}

const letterRun = /[\p{L}\p{M}]+/gu;

/** The stems of a text's words: runs of letters, split where capitals begin inside them. */
export function stemsOf(text: string): string[] {
  return (text.match(letterRun) ?? []).flatMap(stemsOfRun);
}

interface Term {
  readonly definition: Definition;
  readonly stems: readonly string[];
}

/** A place in a text whose words announce a kind. */
export interface Announcement {
  readonly definition: Definition;
  readonly start: number;
  readonly end: number;
}

/** Finds the words that announce kinds: every place in a text, in order of their ends. */
export type Announcements = (text: string) => readonly Announcement[];

interface Word {
  readonly stem: string;
  readonly start: number;
  readonly end: number;
}

/** Words of one term may have this many characters between them: `social_security`, `p. iva`. */
const widestGap = 3;
/** Longer runs of letters announce nothing. */
const longestWord = 48;
/** Words whose stems are remembered; logs and tables repeat a few thousand. */
const rememberedWords = 20_000;

/** Makes the lookup for these definitions: one look at a map a word, stems worked out once a word. */
export function createAnnouncements(definitions: readonly Definition[]): Announcements {
  const byFirstStem = new Map<string, Term[]>();
  const known = new Set<string>();
  const unspaced: { readonly definition: Definition; readonly term: string }[] = [];
  for (const definition of definitions) {
    for (const text of definition.words) {
      if (cjk.test(text)) {
        unspaced.push({ definition, term: text.normalize('NFKC') });
        continue;
      }
      const stems = stemsOf(text);
      for (const stem of stems) known.add(stem);
      const terms = byFirstStem.get(stems[0] ?? '') ?? [];
      terms.push({ definition, stems });
      byFirstStem.set(stems[0] ?? '', terms);
    }
  }
  const remembered = new Map<string, readonly string[] | null>();
  /** Stems of a run, null when none of them belongs to a term. */
  const relevantStems = (run: string): readonly string[] | null => {
    const before = remembered.get(run);
    if (before !== undefined) return before;
    const stems = stemsOfRun(run);
    const relevant = stems.some((stem) => known.has(stem) || (unspaced.length > 0 && cjk.test(stem))) ? stems : null;
    if (remembered.size >= rememberedWords) remembered.clear();
    remembered.set(run, relevant);
    return relevant;
  };
  return (text) => {
    let words: Word[] | undefined;
    const { length } = text;
    for (let i = 0; i < length; i += 1) {
      if (!isLetter(text, i)) continue;
      const start = i;
      while (isLetter(text, i) && !(i > start && changesScript(text, i))) i += 1;
      const end = i;
      i -= 1;
      if (end - start > longestWord) continue;
      const stems = relevantStems(text.slice(start, end));
      if (stems === null) continue;
      words ??= [];
      for (const stem of stems) words.push({ stem, start, end });
    }
    return words === undefined ? [] : announcementsOf(words, byFirstStem, unspaced);
  };
}

function announcementsOf(
  words: readonly Word[],
  byFirstStem: ReadonlyMap<string, readonly Term[]>,
  unspaced: readonly { readonly definition: Definition; readonly term: string }[],
): Announcement[] {
  const found: Announcement[] = [];
  words.forEach((word, index) => {
    for (const { definition, stems } of byFirstStem.get(word.stem) ?? []) {
      const last = words[index + stems.length - 1];
      const together = stems.every((stem, offset) => {
        const part = words[index + offset];
        const gap = (part?.start ?? 0) - (words[index + offset - 1]?.end ?? 0);
        return part?.stem === stem && (offset === 0 || gap <= widestGap);
      });
      if (together && last !== undefined) found.push({ definition, start: word.start, end: last.end });
    }
    if (!cjk.test(word.stem)) return;
    for (const { definition, term } of unspaced) {
      if (word.stem.includes(term)) found.push({ definition, start: word.start, end: word.end });
    }
  });
  return found.sort((a, b) => a.end - b.end);
}

/** Between a letter of a script with blanks and one without something new begins: `护照号E12345678`, `passport是921364038`. */
function changesScript(text: string, index: number): boolean {
  return text.charCodeAt(index) >= 0x0e00 !== text.charCodeAt(index - 1) >= 0x0e00;
}

const otherLetter = /[\p{L}\p{M}\ud800-\udfff]/u;

function isLetter(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code < 128) {
    const lower = code | 32;
    return lower >= 97 && lower <= 122;
  }
  return code > 127 && otherLetter.test(text[index] ?? '');
}
