import { batchIdSchema } from '@sdp/shared/contracts';
import { RejectedError } from '@sdp/shared/errors';
import { Router } from 'express';
import { type Pool, withTenants } from '../database/index.ts';
import { named, principalOf } from '../http/index.ts';
import type { Guard } from '../identity/index.ts';
import type { QualityStore } from './quality-store.ts';

export interface QualityRoutesOptions {
  readonly pool: Pool;
  readonly store: QualityStore;
  readonly guard: Guard;
}

/** `GET /api/v1/quality/{job_id}`: how the expectations of a job's table fared. */
export function qualityRoutes({ pool, store, guard }: QualityRoutesOptions): Router {
  const router = Router();
  const path = '/api/v1/quality/:jobId';
  router.get(path, named(path), ...guard('quality:read'), async (request, response) => {
    const jobId = batchIdSchema.safeParse(request.params['jobId']);
    if (!jobId.success) throw new RejectedError('not-found');
    const report = await withTenants(pool, principalOf(response).tenants, (tx) => store.find(tx, jobId.data));
    if (report === undefined) {
      throw new RejectedError('not-found', {
        message: 'Nothing is known of the quality of such a job',
        remedy: 'Check the id. A job is judged when a worker takes it up, if the server has expectations of its table.',
      });
    }
    response.json(report);
  });
  return router;
}
