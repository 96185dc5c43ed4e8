import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, batchSchema } from '@sdp/shared/contracts';
import { InterruptedError, RejectedError, SdpError, UnavailableError } from '@sdp/shared/errors';
import type { Terminal } from '../terminal/index.ts';
import { type ApiClient, invalidResponse } from './api-client.ts';

const firstPollMs = 150;
const longestPollMs = 3_000;

/** @throws {IntegrityError} `server-response-invalid` when the answer is of another batch */
export async function fetchBatch(client: ApiClient, batchId: string): Promise<Batch> {
  const batch = await client.getJson(`/api/v1/batches/${encodeURIComponent(batchId)}`, batchSchema);
  if (batch.batch_id !== batchId) throw invalidResponse('The server answered with another batch than was asked for');
  return batch;
}

/** @throws {RejectedError} `batch-failed` or `batch-quarantined`, with the reason */
export function assertNotFailed(batch: Batch): void {
  if (batch.status !== 'FAILED' && batch.status !== 'QUARANTINED') return;
  if (batch.status === 'QUARANTINED') {
    throw new RejectedError('batch-quarantined', {
      message: `The batch is quarantined: ${batch.reason?.message ?? 'the server gives no reason'}`,
      remedy: `GET /api/v1/quality/${batch.batch_id} says which expectations failed and in which records. Correct the input and upload it again.`,
      details: { batchId: batch.batch_id },
    });
  }
  const reason = batch.reason === null ? '' : ` (${batch.reason.code}): ${batch.reason.message}`;
  throw new RejectedError('batch-failed', {
    message: `The batch failed${reason}`,
    details: { batchId: batch.batch_id },
  });
}

/**
 * Asks for the batch until it is processed, at growing intervals.
 *
 * @throws {RejectedError} `batch-failed`, `batch-quarantined`
 * @throws {UnavailableError} `wait-timeout`
 */
export async function waitForBatch(
  client: ApiClient,
  batchId: string,
  {
    timeoutMs,
    terminal,
    signal,
  }: { readonly timeoutMs: number; readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<Batch> {
  const deadline = performance.now() + timeoutMs;
  const progress = terminal.progress('waiting for the batch', { unit: 'records' });
  try {
    for (let pauseMs = firstPollMs; ; pauseMs = Math.min(longestPollMs, pauseMs * 1.5)) {
      const batch = await fetchBatch(client, batchId);
      progress.label(batch.status);
      progress.update(batch.processed_records, batch.accepted_records);
      assertNotFailed(batch);
      if (batch.status === 'PROCESSED') return batch;
      if (performance.now() + pauseMs > deadline) throw new UnavailableError('wait-timeout', { details: { batchId } });
      await sleep(pauseMs, undefined, { signal }).catch(() => {
        throw signal.reason instanceof SdpError ? signal.reason : new InterruptedError('interrupted');
      });
    }
  } finally {
    progress.stop();
  }
}
