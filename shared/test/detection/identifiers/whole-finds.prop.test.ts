import { findIdentifiers } from '@sdp/shared/detection';
import { describe, expect, test } from 'vitest';
import { definitions } from '../../../src/detection/identifiers/definitions.ts';
import { layoutsOf, passingValues, seededRandom } from './generated-values.ts';

/** Sentences with a word that announces a value, and the value in a spelling. */
const sentences: Readonly<Record<string, (word: string, value: string) => string>> = {
  quotes: (word, value) => `his ${word} "${value}" was wrong`,
  brackets: (word, value) => `see ${word} (${value}) and [${value}]`,
  'a colon': (word, value) => `${word}:${value}`,
  'lines of their own': (word, value) => `${word}\n${value}\nok`,
  tabs: (word, value) => `${word}\t${value}\tok`,
  'a row': (word, value) => `${word} ${value} ${value}`,
  'a list': (word, value) => `${word} ${value}, ${value}; ok`,
  strokes: (word, value) => `${word} ${value}/${value}`,
  dashes: (word, value) => `${word}—${value}—ok`,
  'a parameter': (word, value) => `?${word}=${value}&b=1`,
  'an end of a sentence': (word, value) => `my ${word} is ${value}.`,
  Chinese: (word, value) => `请看${word}：${value}，谢谢`,
  'Chinese without punctuation': (word, value) => `${word}是${value}的`,
  Arabic: (word, value) => `رقم ${word}: ${value} شكرا`,
  'small letters': (word, value) => `${word} ${value.toLowerCase()} ok`,
};

/** A search begins at a group with digits, or at letters right before one. */
const beginsWithLettersOnly = (value: string) => /^[A-Z]+[^0-9A-Z][A-Z]+/.test(value);

const values = definitions.flatMap((definition) => {
  const random = seededRandom(definition.kind.length * 77 + 5);
  return layoutsOf(definition)
    .flatMap((layout) => passingValues(definition, layout, 1, 4000, random))
    .filter((value) => !beginsWithLettersOnly(value))
    .map((value) => ({ kind: definition.kind, word: definition.words[0] ?? '', value }));
});

/** Letters and digits of the values that no find covers. */
function leftOver(text: string, value: string): string {
  const covered = new Set<number>();
  for (const { start, end } of findIdentifiers(text)) for (let at = start; at < end; at += 1) covered.add(at);
  let left = '';
  for (let from = text.indexOf(value); from >= 0; from = text.indexOf(value, from + value.length)) {
    for (let at = from; at < from + value.length; at += 1)
      if (/[\p{L}\p{N}]/u.test(text[at] as string) && !covered.has(at)) left += text[at];
  }
  return left;
}

describe('an announced identifier of any kind is replaced whole', () => {
  test.each(Object.entries(sentences))('in %s', (name, sentence) => {
    for (const { kind, word, value } of values) {
      // Short ones, and those with strokes inside, may be parts of dates and paths.
      if (name === 'strokes' && (/[/:]/.test(value) || value.length < 7 || value.replace(/\D/g, '').length < 5))
        continue;
      const spelling = name === 'small letters' ? value.toLowerCase() : value;
      const left = leftOver(sentence(word, spelling), spelling);
      // Two virtual numbers in a row may hold a card number across their border.
      if (kind !== 'in-vid') expect([kind, value, left]).toEqual([kind, value, '']);
    }
  });
});
