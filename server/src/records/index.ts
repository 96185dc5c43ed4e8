export { type DataKey, type DataKeyRing, openDataKeyRing } from './data-key-ring.ts';
export { absentCell, encodeRecord, type RecordRow } from './record-entry.ts';
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
