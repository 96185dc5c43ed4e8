export { type AcceptUploadOptions, acceptUpload, type UploadForm } from './accept-upload.ts';
export { type AnnounceBatch, batchReceivedContract, createBatchAnnouncer } from './batch-announcer.ts';
export { apiPaths } from './batch-api.ts';
export { type BatchResender, type BatchResenderOptions, startBatchResender } from './batch-resender.ts';
export { type BatchRoutesOptions, batchRoutes, listQuerySchema } from './batch-routes.ts';
export { type BatchRunner, type BatchRunnerOptions, createBatchRunner, type RunOptions } from './batch-runner.ts';
export { type BatchFilter, type BatchStore, createBatchStore, type NewBatch } from './batch-store.ts';
export { type BatchWorker, type BatchWorkerOptions, startBatchWorker, workerGroup } from './batch-worker.ts';
export { type BodyOptions, bodyBytes, type ContentEncoding } from './ingest/decompress.ts';
export { checkMetadata } from './ingest/firewall.ts';
export { createIngest, type Ingest, type IngestDependencies, type IngestLimits } from './ingest/ingest.ts';
export { type RecordEdit, readRecordEdit, readSmallJson } from './ingest/read-record-edit.ts';
export type { RecordLimits } from './ingest/record-sink.ts';
export { decode, textBlocks } from './ingest/text-blocks.ts';
export { encodingOf, formatOf, invalidFields, metadataOfForm } from './ingest/upload-body.ts';
export type {
  BatchInput,
  BatchInspector,
  BatchProcessor,
  EmitResults,
  Inspection,
  ProcessingSummary,
  RecordChunk,
} from './processor.ts';
export { resealBatch } from './reseal-batch.ts';
export { type BatchRow, openBatchRow, presentBatch, type StoredBatch } from './stored-batch.ts';
