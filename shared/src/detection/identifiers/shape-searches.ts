import { searchAddresses } from './addresses.ts';
import { searchContacts } from './contacts.ts';
import { searchNetwork } from './network.ts';
import type { ShapeSearch } from './search-request.ts';
import { searchUrls } from './urls.ts';
import { searchWritten } from './written.ts';

/** Searches for the forms that no layout of letters and digits describes. */
export const shapeSearches: readonly ShapeSearch[] = [
  searchContacts,
  searchNetwork,
  searchUrls,
  searchAddresses,
  searchWritten,
];
