import type { Batch } from '@sdp/shared/contracts';
import { UnavailableError } from '@sdp/shared/errors';
import type { Terminal } from '../terminal/index.ts';
import { type ApiClient, assertNotFailed } from '../upload/index.ts';
import { readResults } from './read-results.ts';
import { type ResultColumns, resultColumns } from './result-columns.ts';
import type { ResultSpool } from './result-spool.ts';

/** @throws {UnavailableError} `results-not-ready`; {RejectedError} `batch-failed` */
export function assertProcessed(batch: Batch): void {
  assertNotFailed(batch);
  if (batch.status !== 'PROCESSED') {
    throw new UnavailableError('results-not-ready', { details: { batchId: batch.batch_id } });
  }
}

/**
 * Fetches all results of a batch into the spool; starts over when the connection breaks.
 *
 * @returns names of the columns that the results make
 * @throws {IntegrityError} `server-response-invalid`
 */
export async function fetchResults(
  client: ApiClient,
  batch: Batch,
  knownColumns: ReadonlySet<string>,
  spool: ResultSpool,
  terminal: Terminal,
): Promise<readonly string[]> {
  const { batch_id, processing_type, accepted_records } = batch;
  const progress = terminal.progress('fetching results', { total: accepted_records, unit: 'results' });
  try {
    return await client.retrying(async () => {
      const path = `/api/v1/results/${encodeURIComponent(batch_id)}?format=ndjson`;
      const body = await client.getStream(path, 'application/x-ndjson');
      spool.begin();
      let columns: ResultColumns | undefined;
      for await (const result of readResults(body, processing_type, accepted_records)) {
        columns ??= resultColumns(processing_type, result, knownColumns);
        spool.add(result.seq, result.key === null ? '' : String(result.key), columns.cells(result));
        progress.update(result.seq);
      }
      spool.seal();
      return (columns ?? resultColumns(processing_type, undefined, knownColumns)).header;
    });
  } finally {
    progress.stop();
  }
}
