export { findIdentifiers } from './find-identifiers.ts';
export type { Evidence, FindOptions, IdentifierKind, LocatedIdentifier } from './kind.ts';
export { identifierKind, identifierKinds } from './kinds.ts';
