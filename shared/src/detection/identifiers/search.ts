import { createAnnouncements } from './announcements.ts';
import type { Candidate } from './candidate.ts';
import type { Definition } from './definition.ts';
import { definitions } from './definitions.ts';
import type { FindOptions } from './kind.ts';
import { createLayoutIndex } from './layout.ts';
import { createLayoutSearch } from './layout-search.ts';
import { SearchedText, type ShapeSearch } from './search-request.ts';
import { shapeSearches } from './shape-searches.ts';

/** Finds candidates in a text that was folded. */
export type Search = (text: string) => Candidate[];

interface Prepared {
  readonly names: readonly string[] | undefined;
  readonly announced: readonly string[] | undefined;
  readonly region: string | undefined;
  readonly cell: boolean;
  readonly search: Search;
}

const same = (a: readonly string[] | undefined, b: readonly string[] | undefined) =>
  a === b || (a !== undefined && b !== undefined && a.length === b.length && a.every((name, i) => name === b[i]));

/** The last few searches: callers ask the same thing of one text after another. */
const prepared: Prepared[] = [];
const preparedKept = 16;

/** The search for these options, made ready once. */
export function searchFor({ kinds, region, announced, cell = false }: FindOptions): Search {
  const found = prepared.find(
    (entry) =>
      entry.region === region && entry.cell === cell && same(entry.names, kinds) && same(entry.announced, announced),
  );
  if (found !== undefined) return found.search;
  const search = prepareSearch(kinds, region, announced ?? [], cell);
  prepared.unshift({ names: kinds?.slice(), announced: announced?.slice(), region, cell, search });
  prepared.length = Math.min(prepared.length, preparedKept);
  return search;
}

function prepareSearch(
  names: readonly string[] | undefined,
  region: string | undefined,
  announced: readonly string[],
  cell: boolean,
): Search {
  const wanted = (definition: Definition) =>
    names === undefined
      ? definition.onRequest !== true || announced.includes(definition.kind)
      : names.includes(definition.kind);
  const sought = definitions.filter(wanted);
  const request = {
    named: names !== undefined,
    alone: cell || names !== undefined,
    region,
    announcements: createAnnouncements(sought),
    announced: new Set(sought.filter(({ kind }) => announced.includes(kind))),
  };
  const byLayout = createLayoutSearch(createLayoutIndex(sought), request);
  const byShape = shapeSearches.flatMap((shape: ShapeSearch) => shape(sought, request) ?? []);
  return (text) => {
    const searched = new SearchedText(text, request.announcements);
    const candidates = byLayout(searched);
    for (const search of byShape) search(searched, candidates);
    return candidates;
  };
}
