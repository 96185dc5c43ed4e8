import type { BatchId, BatchResult, Cell, ParamsOf, ProcessingType } from '@sdp/shared/contracts';
import type { BatchInput, BatchProcessor, ProcessingSummary } from '../../src/batches/index.ts';

type Row = readonly (Cell | undefined)[];

export interface BatchOptions<T extends ProcessingType> {
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
  readonly params: ParamsOf<T>;
  readonly keyIndex?: number;
  readonly chunkSize?: number;
  readonly signal?: AbortSignal;
  /** Called before each chunk is handed out. */
  readonly onChunk?: (firstSeq: number) => void;
}

/** A stored batch that lives in memory. */
export function batchInput<T extends ProcessingType>(options: BatchOptions<T>): BatchInput<T> {
  const { rows, chunkSize = 100 } = options;
  return {
    batchId: '00000000-0000-4000-8000-000000000001' as BatchId,
    columns: options.columns,
    keyIndex: options.keyIndex ?? 0,
    recordCount: rows.length,
    params: options.params,
    signal: options.signal ?? new AbortController().signal,
    async *readRecords() {
      for (let start = 0; start < rows.length; start += chunkSize) {
        options.onChunk?.(start + 1);
        yield { firstSeq: start + 1, rows: rows.slice(start, start + chunkSize) };
      }
    },
  };
}

/** Runs a processor and keeps what it emits; fails if a record is left out, repeated or out of order. */
export async function runProcessor<T extends ProcessingType, R extends BatchResult>(
  processor: BatchProcessor<T>,
  options: BatchOptions<T>,
): Promise<{ results: R[]; summary: ProcessingSummary }> {
  const results: BatchResult[] = [];
  const summary = await processor.process(batchInput(options), async (emitted) => {
    results.push(...emitted);
  });
  for (const [index, { seq }] of results.entries()) {
    if (seq !== index + 1) throw new Error(`result ${index + 1} has seq ${seq}`);
  }
  if (results.length !== options.rows.length) throw new Error(`${results.length} results of ${options.rows.length}`);
  return { results: results as R[], summary };
}
