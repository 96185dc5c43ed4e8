export { type BatchFilter, type BatchStore, createBatchStore, type NewBatch } from './batch-store.ts';
export type { BatchInput, BatchProcessor, EmitResults, ProcessingSummary, RecordChunk } from './processor.ts';
export type { StoredBatch } from './stored-batch.ts';
