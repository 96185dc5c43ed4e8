import { type Dictionary, foldedWords } from '@sdp/shared/detection';

/** Parts of a locale that are read; what else it has is of no use here. */
type Tree = Readonly<Record<string, unknown>>;

/**
 * Builds the word lists of names and places from the locales of @faker-js/faker. It is loaded here and nowhere else, so
 * that the other commands don't pay for it.
 *
 * @param takes which locales to read; all of them where left out
 */
export async function loadDictionary(takes: (locale: string) => boolean = () => true): Promise<Dictionary> {
  const { allLocales } = await import('@faker-js/faker');
  const lists = {
    firstNames: new Set<string>(),
    lastNames: new Set<string>(),
    cities: new Set<string>(),
    regions: new Set<string>(),
    countries: new Set<string>(),
    jobs: new Set<string>(),
  };
  for (const [locale, definition] of Object.entries(allLocales)) {
    if (!takes(locale)) continue;
    const { person = {}, location = {} } = definition as unknown as Record<string, Tree>;
    addAll(lists.firstNames, person['first_name']);
    addAll(lists.lastNames, person['last_name']);
    addAll(lists.cities, location['city_name']);
    addAll(lists.regions, [location['state'], location['county']]);
    addAll(lists.countries, location['country']);
    addAll(lists.jobs, [person['job_title'], person['job_area'], person['job_type'], person['job_descriptor']]);
  }
  addCountryCodes(lists.countries, (allLocales.base as unknown as Record<string, Tree>)['location']?.['country_code']);
  return lists;
}

/** Texts anywhere in a value: lists by sex, weighted entries and plain lists alike. Patterns hold braces and are left out. */
function addAll(list: Set<string>, value: unknown): void {
  if (typeof value === 'string') {
    if (value.includes('{{') || /^\d+$/.test(value)) return;
    const words = foldedWords(value);
    if (words.length > 0) list.add(words.join(' '));
  } else if (Array.isArray(value)) for (const entry of value) addAll(list, entry);
  else if (typeof value === 'object' && value !== null) {
    for (const [key, entry] of Object.entries(value)) if (key !== 'weight') addAll(list, entry);
  }
}

function addCountryCodes(list: Set<string>, codes: unknown): void {
  if (!Array.isArray(codes)) return;
  for (const { alpha2, alpha3 } of codes as { alpha2: string; alpha3: string }[]) {
    list.add(alpha2.toLowerCase());
    list.add(alpha3.toLowerCase());
  }
}
