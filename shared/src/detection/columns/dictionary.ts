/** What a word list can say of a folded text (see `foldText`). */
export const wordLists = ['firstNames', 'lastNames', 'cities', 'regions', 'countries', 'jobs'] as const;
export type WordList = (typeof wordLists)[number];

/** Lists of folded words, handed in so that this part loads no data of its own. */
export type Dictionary = Readonly<Record<WordList, ReadonlySet<string>>>;

/** Knows nothing: for callers that want headers, shapes and checksums alone. */
export const emptyDictionary: Dictionary = {
  firstNames: new Set(),
  lastNames: new Set(),
  cities: new Set(),
  regions: new Set(),
  countries: new Set(),
  jobs: new Set(),
};
