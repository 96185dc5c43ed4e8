export { type ClassifiedColumn, classifyTable } from './classify-table.ts';
export type { ColumnSample } from './column-sample.ts';
export { type ColumnClass, type ColumnType, classOf, columnClasses, columnTypes } from './column-type.ts';
export { type Dictionary, emptyDictionary, type WordList, wordLists } from './dictionary.ts';
export { foldedWords, foldText } from './fold-word.ts';
export { hasHeaderRow } from './header-row.ts';
export { type NameReading, readColumnName } from './read-column-name.ts';
