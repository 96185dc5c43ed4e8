export { loadDictionary } from './load-dictionary.ts';
export { type Proposal, proposeMethod } from './propose-method.ts';
export { type SampleOptions, sampleTable, type TableSample } from './sample-table.ts';
export { confirmed, knownColumns, type ScannedColumn, type ScannedTable, scanTable } from './scan-table.ts';
export { shareNamespaces } from './share-namespaces.ts';
export { configText, isAddressable, keyColumnOf, type ProposedTable } from './write-config.ts';
