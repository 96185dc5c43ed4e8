import type { KeyObject } from 'node:crypto';
import type { Router } from 'express';
import type { RecordAudit } from '../audit/index.ts';
import type { Ingest, RecordLimits } from '../batches/index.ts';
import type { Pool } from '../database/index.ts';
import type { Guard } from '../identity/index.ts';
import type { Metrics } from '../observability/index.ts';
import { createProposalStore, createVersionStore, type DataKeyRing } from '../records/index.ts';
import { exportRoute } from './export/export-route.ts';
import { jobRoutes } from './job-routes.ts';
import { createJobs } from './opened-job.ts';
import { proposalRoutes } from './proposals/proposal-routes.ts';
import { recordRoutes } from './records/record-routes.ts';

export interface JobsApiOptions {
  readonly pool: Pool;
  readonly keyRing: DataKeyRing;
  readonly serverKey: KeyObject;
  readonly ingest: Ingest;
  readonly metrics: Metrics;
  readonly guard: Guard;
  readonly recordAudit: RecordAudit;
  readonly limits: RecordLimits;
}

/** The routers of jobs, their records and proposals, on stores of their own. */
export function jobsApi({ pool, keyRing, serverKey, ...shared }: JobsApiOptions): Router[] {
  const jobs = createJobs(pool, keyRing, serverKey);
  const versions = createVersionStore(keyRing);
  const proposals = createProposalStore(keyRing);
  const options = { ...shared, jobs, versions, proposals };
  return [jobRoutes(options), exportRoute(options), recordRoutes(options), proposalRoutes(options)];
}
