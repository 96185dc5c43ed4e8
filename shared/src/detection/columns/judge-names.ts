import type { SampleFacts } from './column-sample.ts';
import type { Dictionary } from './dictionary.ts';
import { foldedWords, foldText } from './fold-word.ts';

/** Shares of the different values of a column. */
export interface NameShares {
  readonly first: number;
  readonly last: number;
  /** Two or more words, at least one of them a given name or surname, none a digit. */
  readonly full: number;
  /** Looks like a word or words that could be a name at all: letters, few words, no sentence. */
  readonly nameLike: number;
  /** More than one word. */
  readonly several: number;
  readonly city: number;
  readonly region: number;
  readonly country: number;
  readonly job: number;
  /** Written in kana alone, as readings of names are. */
  readonly kana: number;
  /** Three or more Han signs, of which the first begins surnames and the last ends given names. */
  readonly han: number;
}

const nameLike = /^(?:\p{L}[\p{L}\p{M}'’ʻ.-]*)(?:[ ,·・　]+\p{L}[\p{L}\p{M}'’ʻ.-]*){0,5}$/u;
const particles = new Set(
  'de da do dos das di del della van von der den la le el bin al ibn y e mc mac st san ten ter zu af av jr sr ii iii dr mr mrs ms prof herr frau ing mag sig dott'.split(
    ' ',
  ),
);
const han = /^[\p{Script=Han}々ヶ]{2,6}(?:[ 　][\p{Script=Han}々ヶ\p{Script=Hiragana}\p{Script=Katakana}]{1,4})?$/u;
const hangul = /^\p{Script=Hangul}{2,4}$/u;

export function judgeNames(facts: SampleFacts, dictionary: Dictionary): NameShares {
  const { firstNames, lastNames, cities, regions, countries, jobs } = dictionary;
  const phrase = (value: string) => foldedWords(value).join(' ');
  const isFirst = (word: string) => firstNames.has(word);
  const isLast = (word: string) => lastNames.has(word);
  const shares = {
    first: 0,
    last: 0,
    full: 0,
    nameLike: 0,
    several: 0,
    city: 0,
    region: 0,
    country: 0,
    job: 0,
    kana: 0,
    han: 0,
  };
  for (const value of facts.values) {
    const text = phrase(value);
    if (cities.has(text)) shares.city += 1;
    if (regions.has(text)) shares.region += 1;
    if (countries.has(text)) shares.country += 1;
    if (jobs.has(text)) shares.job += 1;
    if (/^[\p{Script=Katakana}\p{Script=Hiragana}ー・\s　]{2,20}$/u.test(value)) shares.kana += 1;
    if (value.length > 60 || !nameLike.test(value)) continue;
    shares.nameLike += 1;
    if (han.test(value) || hangul.test(value)) {
      const signs = signsOf(dictionary);
      if ([...value].length >= 3 && signs.first.has(value[0] as string) && signs.last.has(value.at(-1) as string))
        shares.han += 1;
      countEastAsian(value, shares, isFirst, isLast);
      continue;
    }
    const words = text.split(' ').filter((word) => word.length > 1 && !particles.has(word));
    if (words.length > 1) shares.several += 1;
    // A name of one part may hold a hyphen or an apostrophe: Jean-Pierre, O'Neill.
    const onePart = !/[\s,]/.test(value.trim()) || /^\S{2,4}\s\S+$/.test(value);
    if (isFirst(text) || (onePart && words.some(isFirst))) shares.first += 1;
    if (isLast(text) || (onePart && words.some(isLast))) shares.last += 1;
    if (
      words.length >= 2 &&
      /[\s,]/.test(value.trim()) &&
      words.some(isFirst) &&
      words.some((word) => isLast(word) || !isFirst(word))
    )
      shares.full += 1;
  }
  const count = Math.max(1, facts.values.length);
  return Object.fromEntries(Object.entries(shares).map(([key, hits]) => [key, hits / count])) as unknown as NameShares;
}

/** Surname first, no blank between: the first one to three characters are looked up. */
function countEastAsian(
  value: string,
  shares: { first: number; last: number; full: number; several: number },
  isFirst: (word: string) => boolean,
  isLast: (word: string) => boolean,
): void {
  const text = foldText(value);
  const joined = text.replace(/[ 　]/g, '');
  if (isLast(joined)) shares.last += 1;
  if (isFirst(joined)) shares.first += 1;
  for (const length of [2, 1, 3]) {
    const given = joined.slice(length);
    if (given.length < 1 || given.length > 3 || !isLast(joined.slice(0, length))) continue;
    // Of one character are most Chinese and Korean surnames: with them two or three characters make a full name.
    if (isFirst(given) || (length === 1 && joined.length <= 3) || (length === 2 && joined.length >= 3)) {
      shares.full += 1;
      if (text !== joined) shares.several += 1;
      return;
    }
  }
}

interface NameSigns {
  readonly first: ReadonlySet<string>;
  readonly last: ReadonlySet<string>;
}

const signs = new WeakMap<Dictionary, NameSigns>();

/** Signs that begin the surnames and end the given names of the dictionary. */
function signsOf(dictionary: Dictionary): NameSigns {
  const known = signs.get(dictionary);
  if (known !== undefined) return known;
  const written = (list: ReadonlySet<string>) => [...list].filter((name) => /^\p{Script=Han}/u.test(name));
  const made = {
    first: new Set(written(dictionary.lastNames).map((name) => name[0] as string)),
    last: new Set(written(dictionary.firstNames).map((name) => name.at(-1) as string)),
  };
  signs.set(dictionary, made);
  return made;
}
