export { apiPaths } from './batch-api.ts';
export { type BatchRoutesOptions, batchRoutes, listQuerySchema } from './batch-routes.ts';
export { type BatchRunner, type BatchRunnerOptions, createBatchRunner, type RunOptions } from './batch-runner.ts';
export { type BatchFilter, type BatchStore, createBatchStore, type NewBatch } from './batch-store.ts';
export { type BatchWorker, type BatchWorkerOptions, startBatchWorker, workerGroup } from './batch-worker.ts';
export { createIngest, type Ingest, type IngestDependencies, type IngestLimits } from './ingest/ingest.ts';
export type { BatchInput, BatchProcessor, EmitResults, ProcessingSummary, RecordChunk } from './processor.ts';
export type { StoredBatch } from './stored-batch.ts';
