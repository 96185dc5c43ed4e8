import { batchStatusSchema, clientIdSchema, type JobList, processingTypeSchema } from '@sdp/shared/contracts';
import { Router } from 'express';
import { z } from 'zod';
import { acceptUpload, type Ingest, metadataOfForm } from '../batches/index.ts';
import { clientOf, named, principalOf } from '../http/index.ts';
import type { Guard } from '../identity/index.ts';
import type { Metrics } from '../observability/index.ts';
import { type Jobs, parseJobId } from './opened-job.ts';
import { decodePage, encodePage } from './page-cursor.ts';
import { parsed } from './parsed.ts';
import { presentJob } from './present.ts';
import { openMultipart } from './upload/multipart.ts';

export interface JobRoutesOptions {
  readonly jobs: Jobs;
  readonly ingest: Ingest;
  readonly metrics: Metrics;
  readonly guard: Guard;
}

export const jobListQuerySchema = z.strictObject({
  client_id: clientIdSchema.optional(),
  status: batchStatusSchema.optional(),
  processing_type: processingTypeSchema.optional(),
  received_from: z.iso.datetime({ offset: true }).optional(),
  received_before: z.iso.datetime({ offset: true }).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(200).optional(),
});

/** Jobs: handing them in and seeing how far they have come. */
export function jobRoutes(options: JobRoutesOptions): Router {
  const { jobs, guard } = options;
  const router = Router();

  const upload = '/api/v1/jobs/upload';
  router.post(upload, named(upload), ...guard('jobs:upload'), async (request, response) => {
    const answer = await acceptUpload(options, request, response, async () => {
      const { fields, file } = await openMultipart(request);
      const metadata = metadataOfForm(fields);
      return { clientId: clientOf(response), format: 'csv', encoding: 'identity', stream: file, metadata };
    });
    const { batch_id: jobId, ...rest } = answer;
    response
      .status(201)
      .location(`/api/v1/jobs/${jobId}`)
      .json({ job_id: jobId, ...rest });
  });

  const all = '/api/v1/jobs';
  router.get(all, named(all), ...guard('jobs:read'), async (request, response) => {
    const query = parsed(jobListQuerySchema, request.query);
    const position = query.cursor === undefined ? undefined : decodePage(query.cursor);
    const found = await jobs.reading(principalOf(response), (tx) =>
      jobs.store.list(tx, {
        clientId: query.client_id,
        status: query.status,
        processingType: query.processing_type,
        from: query.received_from === undefined ? undefined : new Date(query.received_from),
        before: query.received_before === undefined ? undefined : new Date(query.received_before),
        after: position && { receivedAt: position.at, batchId: position.id },
        limit: query.limit + 1,
      }),
    );
    const page = found.slice(0, query.limit);
    const last = page.at(-1);
    response.json({
      jobs: page.map(presentJob),
      next_cursor: found.length > page.length && last ? encodePage({ at: last.receivedAt, id: last.batchId }) : null,
    } satisfies JobList);
  });

  const one = '/api/v1/jobs/:jobId';
  router.get(one, named(one), ...guard('jobs:read'), async (request, response) => {
    const jobId = parseJobId(request.params['jobId']);
    const { batch } = await jobs.reading(principalOf(response), (tx) => jobs.open(tx, jobId));
    response.json(presentJob(batch));
  });
  return router;
}
