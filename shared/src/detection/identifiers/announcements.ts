import type { Definition } from './definition.ts';

const wordPattern = /[\p{L}\p{M}]+/gu;
const cjk = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]/;
const numberWord = /(?:number|nummer|nummern|numbers|numero|numer|nr|num)$/;

/** A word as the terms below have it: no accents, lower case, without a `number` word or a plural at its end. */
function stemOf(word: string): string {
  let plain = word.toLowerCase();
  if (cjk.test(plain)) return plain;
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

/** The stems of a text's words; `passportNumber` and `tax_id` are two words each. */
export function stemsOf(text: string): string[] {
  return (text.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').match(wordPattern) ?? []).map(stemOf);
}

interface Term {
  readonly definition: Definition;
  readonly stems: readonly string[];
}

/** What words announce: a definition, and how many words lie between the announcement and the value. */
export type Announced = ReadonlyMap<Definition, number>;

export interface Announcements {
  /** Definitions that words announce. `distance` counts from the end of the list: 0 for the last word. */
  in(stems: readonly string[]): Announced;
}

/** Looks up the words that announce the definitions, one look a word. */
export function createAnnouncements(definitions: readonly Definition[]): Announcements {
  const byFirstStem = new Map<string, Term[]>();
  const unspaced: { readonly definition: Definition; readonly term: string }[] = [];
  for (const definition of definitions) {
    for (const term of definition.words) {
      if (cjk.test(term)) {
        unspaced.push({ definition, term });
        continue;
      }
      const stems = stemsOf(term);
      const first = stems[0] ?? '';
      const there = byFirstStem.get(first);
      if (there === undefined) byFirstStem.set(first, [{ definition, stems }]);
      else there.push({ definition, stems });
    }
  }
  return {
    in(stems) {
      const announced = new Map<Definition, number>();
      stems.forEach((stem, index) => {
        for (const term of byFirstStem.get(stem) ?? []) {
          const last = index + term.stems.length - 1;
          if (term.stems.every((part, offset) => stems[index + offset] === part)) {
            announced.set(term.definition, stems.length - 1 - last);
          }
        }
        if (cjk.test(stem)) {
          for (const { definition, term } of unspaced) {
            if (stem.includes(term)) announced.set(definition, stems.length - 1 - index);
          }
        }
      });
      return announced;
    },
  };
}
