import type { FindOptions, LocatedIdentifier } from './kind.ts';

/** Identifiers in a text, in order of place and without overlaps. */
export function findIdentifiers(_text: string, _options: FindOptions = {}): LocatedIdentifier[] {
  return [];
}
