import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RejectedError, UnavailableError } from '@sdp/shared/errors';
import type { RequestHandler } from 'express';
import { onlyTenants, type Pool, type Queryable } from '../../database/index.ts';
import { clientOf } from '../../http/index.ts';
import { type BatchScope, readResults } from '../../records/index.ts';
import { parseBatchId } from '../batch-id.ts';
import type { BatchStore } from '../batch-store.ts';
import type { StoredBatch } from '../stored-batch.ts';
import { chooseFormat, mediaTypes, renderResults } from './result-formats.ts';

const pollSeconds = 2;

/** `GET /api/v1/results/{batch_id}`: streamed at the reader's pace. */
export function resultsHandler({ pool, store }: { readonly pool: Pool; readonly store: BatchStore }): RequestHandler {
  return async (request, response) => {
    const clientId = clientOf(response);
    const batch = await store.find(parseBatchId(request.params['batchId']), clientId);
    if (!batch) throw new RejectedError('not-found');
    const format = chooseFormat(request.query['format'], (types) => request.accepts(types));
    assertProcessed(batch);
    const scope = await store.scopeOf(batch);
    // Looked through before the first byte goes out: half an answer would be all that could be said of a damaged row later.
    const rows = onlyTenants(pool, [clientId]);
    await verifyResults(rows, scope, batch.processedRecords);
    response.status(200).set('Content-Type', `${mediaTypes[format]}; charset=utf-8`).set('Vary', 'Accept');
    if (format === 'csv') response.attachment(`results-${batch.batchId}.csv`);
    const head = {
      batchId: batch.batchId,
      processingType: batch.processingType,
      recordCount: batch.processedRecords,
      valueColumns: (batch.params['quasi_identifiers'] as string[] | undefined) ?? [],
    };
    const text = renderResults(format, head, readResults(rows, scope, batch.processedRecords));
    try {
      await pipeline(Readable.from(text), response);
    } catch (error) {
      // The reader went away: nobody is left to answer.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  };
}

async function verifyResults(rows: Queryable, scope: BatchScope, count: number): Promise<void> {
  for await (const _chunk of readResults(rows, scope, count));
}

/** Nothing was computed, and nothing will be. */
export function quarantined({ batchId, reason }: StoredBatch): RejectedError {
  return new RejectedError('batch-quarantined', {
    message: `The batch is quarantined: ${reason?.message ?? 'no reason was kept'}`,
    details: { batchId },
  });
}

function assertProcessed(batch: StoredBatch): void {
  if (batch.status === 'FAILED') {
    throw new RejectedError('batch-failed', {
      message: `The batch failed: ${batch.reason?.message ?? 'no reason was kept'}`,
      details: { batchId: batch.batchId },
    });
  }
  if (batch.status === 'QUARANTINED') throw quarantined(batch);
  if (batch.status !== 'PROCESSED') {
    throw new UnavailableError('results-not-ready', {
      details: { batchId: batch.batchId, retryAfterSeconds: pollSeconds },
    });
  }
}
