import type { IdentifierKind } from './kind.ts';

/** Every kind that {@link findIdentifiers} knows. */
export const identifierKinds: readonly IdentifierKind[] = [];

/** The kind of this name, if there is one. */
export function identifierKind(name: string): IdentifierKind | undefined {
  return identifierKinds.find(({ kind }) => kind === name);
}
