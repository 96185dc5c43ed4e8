import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ParamsOf, type ProcessingType, paramsSchemas } from '@sdp/shared/contracts';
import { InputError, IntegrityError, RejectedError } from '@sdp/shared/errors';
import { asDatabaseError, type Pool } from '../database/index.ts';
import { type BatchRoots, readRecords } from '../records/index.ts';
import type { BatchStore } from './batch-store.ts';
import { Slots } from './batch-worker-slots.ts';
import { isFinal, type SettleIn, writeFailure, writeQuarantine, writeResults } from './batch-worker-transaction.ts';
import type { BatchInput, BatchInspector, BatchProcessor, RecordChunk } from './processor.ts';
import type { StoredBatch } from './stored-batch.ts';

export interface BatchRunnerOptions {
  readonly pool: Pool;
  readonly store: BatchStore;
  readonly roots: BatchRoots;
  readonly processors: readonly BatchProcessor[];
  /** Looks at the records first, and may keep a batch from being processed. */
  readonly inspector?: BatchInspector | undefined;
  /** Batches at once; each holds one connection while its results are written. */
  readonly concurrency?: number;
  /** Called when a batch has come to its end by this runner. */
  readonly onFinished?: (batch: StoredBatch, seconds: number) => void;
}

export interface RunOptions {
  /** Aborts on shutdown or when the message went to another worker. */
  readonly signal?: AbortSignal;
  /** Puts the message's offset into the transaction that finishes the batch. */
  readonly settleIn?: SettleIn;
}

export interface BatchRunner {
  /**
   * Brings a batch to PROCESSED, FAILED or QUARANTINED, whatever happened to it before: a batch that is final is left alone, one that
   * was left PROCESSING by a worker that died or was shut down begins anew (its results were never visible). Two runs of
   * one batch at a time end in one set of results.
   *
   * @returns the batch as it is afterwards
   * @throws {RejectedError} `not-found`
   * @throws whatever else the processor threw: the batch stays PROCESSING and can be run again
   */
  run(batchId: string, options?: RunOptions): Promise<StoredBatch>;
}

const never = new AbortController().signal;

export function createBatchRunner(options: BatchRunnerOptions): BatchRunner {
  const { pool, store, roots } = options;
  const slots = new Slots(options.concurrency ?? 2);

  const load = async (batchId: string): Promise<StoredBatch> => {
    const batch = await store.load(batchId);
    if (batch === undefined) throw new RejectedError('not-found', { details: { batchId } });
    return batch;
  };

  const run = async (batchId: string, signal: AbortSignal, settleIn: SettleIn): Promise<StoredBatch> => {
    signal.throwIfAborted();
    const batch = await load(batchId);
    if (isFinal(batch) || !(await store.markProcessing(pool, batchId))) return load(batchId);
    const startedAt = performance.now();
    try {
      const processor = processorFor(batch, options.processors);
      const input = await toInput(pool, store, batch, signal);
      const inspection = await options.inspector?.inspect(batch, input);
      const settle: SettleIn = async (tx) => {
        await inspection?.write(tx);
        await settleIn(tx);
      };
      if (inspection?.refusal !== undefined) await writeQuarantine(pool, store, batch, settle, inspection.refusal);
      else {
        await writeResults(pool, store, batch, roots, settle, (emit) =>
          processor.process(input, async (results) => {
            signal.throwIfAborted();
            await emit(results);
            await nextTurn();
          }),
        );
      }
      inspection?.done();
    } catch (error) {
      const reason = endOf(error);
      if (reason === undefined || signal.aborted) throw asDatabaseError(error);
      await writeFailure(pool, store, batch, settleIn, reason);
    }
    const finished = await load(batchId);
    options.onFinished?.(finished, (performance.now() - startedAt) / 1_000);
    return finished;
  };

  return {
    run: (batchId, { signal = never, settleIn = async () => undefined } = {}) =>
      slots.run(() => run(batchId, signal, settleIn)),
  };
}

/** Why no retry can help; undefined when one may. */
function endOf(error: unknown): { code: string; message: string } | undefined {
  const hopeless =
    (error instanceof InputError && error.code === 'batch-unprocessable') ||
    (error instanceof IntegrityError && error.code === 'record-tampered');
  return hopeless ? { code: error.code, message: error.message } : undefined;
}

function processorFor(batch: StoredBatch, processors: readonly BatchProcessor[]): BatchProcessor {
  const processor = processors.find(({ processingType }) => processingType === batch.processingType);
  if (processor === undefined) throw new RangeError('No processor is registered for this type.');
  return processor;
}

async function toInput(
  pool: Pool,
  store: BatchStore,
  batch: StoredBatch,
  signal: AbortSignal,
): Promise<BatchInput<ProcessingType>> {
  const scope = await store.scopeOf(batch);
  const params = paramsSchemas[batch.processingType].safeParse(batch.params);
  if (!params.success) throw new InputError('batch-unprocessable', { message: 'The parameters are not valid' });
  return {
    batchId: batch.batchId,
    columns: batch.columns,
    keyIndex: batch.keyIndex,
    recordCount: batch.recordCount,
    params: params.data as ParamsOf<ProcessingType>,
    signal,
    async *readRecords(): AsyncGenerator<RecordChunk> {
      for await (const chunk of readRecords(pool, scope, batch.recordCount)) {
        signal.throwIfAborted();
        yield chunk;
        // A worker that computes without pause would renew no lease and answer no health check.
        await nextTurn();
      }
    },
  };
}
