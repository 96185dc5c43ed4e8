import { searchAddresses } from './addresses.ts';
import type { Candidate } from './candidate.ts';
import { searchContacts } from './contacts.ts';
import type { Definition } from './definition.ts';
import { searchNetwork } from './network.ts';
import type { SearchedText, SearchRequest } from './search-request.ts';
import { searchUrls } from './urls.ts';
import { searchWritten } from './written.ts';

/**
 * Prepares a search for forms that no layout of letters and digits describes. Undefined when none of its kinds is sought;
 * otherwise it adds what it finds to the candidates.
 */
export type ShapeSearch = (
  sought: readonly Definition[],
  request: SearchRequest,
) => ((searched: SearchedText, candidates: Candidate[]) => void) | undefined;

export const shapeSearches: readonly ShapeSearch[] = [
  searchContacts,
  searchNetwork,
  searchUrls,
  searchAddresses,
  searchWritten,
];
