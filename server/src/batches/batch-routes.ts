import { isIP } from 'node:net';
import { type BatchStatus, batchStatusSchema } from '@sdp/shared/contracts';
import { RejectedError, UnavailableError } from '@sdp/shared/errors';
import { type Request, type RequestHandler, Router } from 'express';
import { z } from 'zod';
import type { Pool } from '../database/index.ts';
import { clientOf, contextOf, named } from '../http/index.ts';
import type { Guard } from '../identity/index.ts';
import type { Metrics } from '../observability/index.ts';
import { acceptUpload } from './accept-upload.ts';
import { decodeCursor, encodeCursor } from './batch-cursor.ts';
import { parseBatchId } from './batch-id.ts';
import type { BatchStore } from './batch-store.ts';
import type { Ingest } from './ingest/ingest.ts';
import { encodingOf, formatOf, invalidFields, metadataBeside } from './ingest/upload-body.ts';
import { quarantined, resultsHandler } from './results/results-route.ts';
import { presentBatch } from './stored-batch.ts';

export interface BatchRoutesOptions {
  readonly pool: Pool;
  readonly store: BatchStore;
  readonly ingest: Ingest;
  readonly metrics: Metrics;
  readonly guard: Guard;
  /** Only in dev: `POST /dev/process-batch/{batch_id}` processes at once. */
  readonly processNow?: ((batchId: string) => Promise<unknown>) | undefined;
}

export const listQuerySchema = z.object({
  status: batchStatusSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});

/** Everything under `/api/v1` that has to do with batches. */
export function batchRoutes(options: BatchRoutesOptions): Router {
  const { guard, store } = options;
  const router = Router();

  router.post('/api/v1/process', named('/api/v1/process'), ...guard('jobs:upload'), processHandler(options));

  router.get('/api/v1/batches', named('/api/v1/batches'), ...guard('jobs:read'), async (request, response) => {
    const query = listQuerySchema.safeParse(request.query);
    if (!query.success) throw invalidFields(query.error);
    const { status, limit, cursor } = query.data;
    const after = cursor === undefined ? undefined : decodeCursor(cursor);
    const batches = await store.list({ clientId: clientOf(response), status, after, limit: limit + 1 });
    const page = batches.slice(0, limit);
    const last = page.at(-1);
    response.json({
      batches: page.map(presentBatch),
      next_cursor: batches.length > limit && last ? encodeCursor(last) : null,
    });
  });

  const one = '/api/v1/batches/:batchId';
  router.get(one, named(one), ...guard('jobs:read'), async (request, response) => {
    const batch = await store.find(parseBatchId(request.params['batchId']), clientOf(response));
    if (!batch) throw new RejectedError('not-found');
    response.json(presentBatch(batch));
  });

  const results = '/api/v1/results/:batchId';
  router.get(results, named(results), ...guard('results:read'), resultsHandler(options));

  if (options.processNow) router.post(devRoute, named(devRoute), devGuard(guard('jobs:upload')), devHandler(options));
  return router;
}

function processHandler(options: BatchRoutesOptions): RequestHandler {
  return async (request, response) => {
    const clientId = clientOf(response);
    const header = (name: string) => request.get(name);
    const answer = await acceptUpload(options, request, response, () => {
      const format = formatOf(header('content-type'));
      const encoding = encodingOf(header('content-encoding'));
      const metadata = format === 'json' ? {} : metadataBeside(request.query, header);
      return { clientId, format, encoding, stream: request, metadata };
    });
    response.location(`/api/v1/batches/${answer.batch_id}`).json(answer);
  };
}

const devRoute = '/dev/process-batch/:batchId';

/** Without a key from this machine alone. */
function devGuard(guard: RequestHandler[]): RequestHandler {
  const withKey = Router().use(...guard);
  return (request, response, next) => {
    if (request.get('x-api-key') === undefined && isLoopback(request)) next();
    else withKey(request, response, next);
  };
}

function isLoopback({ socket }: Request): boolean {
  const address = socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  return address === '::1' || (isIP(address) === 4 && address.startsWith('127.'));
}

function devHandler({ store, processNow }: BatchRoutesOptions): RequestHandler {
  return async (request, response) => {
    const batchId = parseBatchId(request.params['batchId']);
    const clientId = contextOf(response).principal && clientOf(response);
    const load = () => (clientId === undefined ? store.load(batchId) : store.find(batchId, clientId));
    if (!(await load())) throw new RejectedError('not-found');
    await processNow?.(batchId);
    const batch = await load();
    const status: BatchStatus | undefined = batch?.status;
    if (!batch || status === 'FAILED') {
      throw new RejectedError('batch-failed', { message: `The batch failed: ${batch?.reason?.message ?? ''}` });
    }
    if (status === 'QUARANTINED') throw quarantined(batch);
    if (status !== 'PROCESSED') throw new UnavailableError('results-not-ready', { details: { batchId } });
    response.json({
      batch_id: batch.batchId,
      processed_records: batch.processedRecords,
      model_version: batch.modelVersion,
      status: 'PROCESSED',
    });
  };
}
