export { type AnnouncedKind, announcedKind, judgeAnnounced } from './column-names.ts';
export { type ColumnScanner, createColumnScanner } from './column-scanner.ts';
export {
  type ClassifiedColumn,
  type ColumnClass,
  type ColumnSample,
  type ColumnType,
  classifyTable,
  classOf,
  columnClasses,
  columnTypes,
  type Dictionary,
  emptyDictionary,
  foldedWords,
  foldText,
  hasHeaderRow,
  type NameReading,
  readColumnName,
  type WordList,
  wordLists,
} from './columns/index.ts';
export { type ColumnFinding, type LocatedFinding, type PiiFinding, type PiiKind, piiKinds } from './finding.ts';
export {
  type Evidence,
  type FindOptions,
  findIdentifiers,
  type IdentifierKind,
  identifierKind,
  identifierKinds,
  type LocatedIdentifier,
} from './identifiers/index.ts';
export { isPaymentCardNumber } from './payment-card.ts';
export { scanAll, scanCell } from './scan.ts';
