import type { BatchId, BatchResult, Cell, ParamsOf, ProcessingType, ReleaseReport } from '@sdp/shared/contracts';
import type { PoolClient } from '../database/index.ts';
import type { StoredBatch } from './stored-batch.ts';

/** Consecutive records of a batch. `rows[i]` is record `firstSeq + i`, its cells in the order of `BatchInput.columns`. */
export interface RecordChunk {
  /** Counts from 1. */
  readonly firstSeq: number;
  readonly rows: readonly (readonly (Cell | undefined)[])[];
}

/** A stored batch, as its worker sees it. */
export interface BatchInput<T extends ProcessingType> {
  readonly batchId: BatchId;
  readonly columns: readonly string[];
  /** Index in `columns` of the column that identifies a record in the results. */
  readonly keyIndex: number;
  readonly recordCount: number;
  readonly params: ParamsOf<T>;
  /** Aborts on shutdown or when another worker took the batch over. */
  readonly signal: AbortSignal;
  /** Streams the records by `seq`; every call starts over, so that an algorithm may pass over them twice. */
  readRecords(): AsyncIterable<RecordChunk>;
}

export interface ProcessingSummary {
  readonly modelVersion: string;
  /** Records by result status; sums to the batch's record count. */
  readonly counts: Readonly<Record<string, number>>;
  /** Of a batch that was anonymized. */
  readonly release?: ReleaseReport;
}

/** Takes results in order of `seq`, one per record, none left out. */
export type EmitResults = (results: readonly BatchResult[]) => Promise<void>;

/** What was found out about a batch's records before they are processed. */
export interface Inspection {
  /** Why nothing is to be computed on them, without values; the batch is QUARANTINED then. */
  readonly refusal: string | undefined;
  /** Stores what was found, in the transaction that ends the batch. */
  write(tx: PoolClient): Promise<void>;
  /** Called once that transaction is committed. */
  done(): void;
}

/** Looks at each batch's records before the processor of its type does. */
export interface BatchInspector {
  /** @returns `undefined` for a batch that there is nothing to say about */
  inspect(batch: StoredBatch, input: BatchInput<ProcessingType>): Promise<Inspection | undefined>;
}

/**
 * What one processing type does with a batch. Implemented in a folder of its own and registered by one line in
 * `processes/processing-types.ts`; storage, messaging, retries and state changes are the batch worker's business.
 *
 * @throws {InputError} `batch-unprocessable` when the batch can't be processed as asked: it fails at once, with no retry
 */
export interface BatchProcessor<T extends ProcessingType = ProcessingType> {
  readonly processingType: T;
  /** Name of the worker role: `sdp-server worker --role <role>`. */
  readonly role: string;
  process(input: BatchInput<T>, emit: EmitResults): Promise<ProcessingSummary>;
}
