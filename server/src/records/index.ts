export { type BatchRoot, type BatchRoots, createBatchRoots, type StoredRoot } from './batch-root.ts';
export { type DataKey, type DataKeyRing, openDataKeyRing, rotateDataKey } from './data-key-ring.ts';
export { type ChangedRow, diagnoseRows } from './diagnose-rows.ts';
export { absentCell, decodeRecord, encodeRecord, type RecordRow } from './record-entry.ts';
export {
  type BatchScope,
  openRecordWriter,
  openResultWriter,
  type RecordWriter,
  type ResultWriter,
  readRecords,
  readResults,
  type StoredRecords,
} from './record-store.ts';
export { type ResealedRows, resealRows } from './reseal-rows.ts';
export type { EntryChunk } from './sealed-row-reader.ts';
export { type ColumnIndex, createColumnIndex, type IndexedColumn } from './search/column-index.ts';
export {
  type ColumnRange,
  type Condition,
  type FoundRecord,
  findRecords,
  type RecordQuery,
} from './search/find-records.ts';
export { type Comparison, comparisons, isInRange, type KeyRange, rangeKey, rangeOf } from './search/range-key.ts';
export { verifyRows } from './verify-rows.ts';
export { type FirstVersion, type RecordedBatch, readFirstVersions } from './versions/first-versions.ts';
export {
  createProposalStore,
  type Decision,
  type NewProposal,
  type ProposalFilter,
  type ProposalRow,
  type ProposalStore,
  resealProposal,
  type StoredProposal,
} from './versions/proposal-store.ts';
export { type ResealProgress, resealProposals, resealVersions } from './versions/reseal-versions.ts';
export {
  type Correction,
  createVersionStore,
  type NewVersion,
  resealVersion,
  type StoredVersion,
  type VersionRow,
  type VersionStore,
} from './versions/version-store.ts';
