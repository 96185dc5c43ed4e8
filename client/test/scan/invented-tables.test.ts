import { describe, expect, it } from 'vitest';
import { inventedNames } from '../../../test/support/invented-names.ts';
import { inventTable, scoreInvented } from '../../../test/support/invented-tables.ts';
import { f1, sum } from '../../../test/support/labelled-columns.ts';
import { loadDictionary } from '../../src/scan/index.ts';

const locales = Object.keys(inventedNames);
const language = (locale: string) => locale.split('_')[0];

describe('scan on invented tables of many languages', () => {
  it('finds direct identifiers by the columns names, with word lists that lack the language', async () => {
    const known = await loadDictionary((locale) => !locales.map(language).includes(language(locale)));
    const scores = locales.map((locale) => scoreInvented(inventTable(locale), known, true));
    expect(f1(sum(scores))).toBeGreaterThanOrEqual(0.95);
    expect(scores.every(({ headerRight }) => headerRight)).toBe(true);
  });

  it('finds them without a header', async () => {
    const dictionary = await loadDictionary();
    const scores = locales.map((locale) => scoreInvented(inventTable(locale), dictionary, false));
    expect(f1(sum(scores))).toBeGreaterThanOrEqual(0.95);
    expect(scores.every(({ headerRight }) => headerRight)).toBe(true);
  });
});
