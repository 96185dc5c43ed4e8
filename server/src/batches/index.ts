export type { BatchInput, BatchProcessor, EmitResults, ProcessingSummary, RecordChunk } from './processor.ts';
