import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RejectedError } from '@sdp/shared/errors';
import { Router } from 'express';
import { z } from 'zod';
import { named, principalOf } from '../../http/index.ts';
import type { Guard } from '../../identity/index.ts';
import type { VersionStore } from '../../records/index.ts';
import { type Jobs, parseJobId } from '../opened-job.ts';
import { parsed } from '../parsed.ts';
import { currentRecords, surveyColumns } from './export-records.ts';
import { asParquet } from './parquet-format.ts';
import { asCsv, asNdjson } from './text-formats.ts';

export const exportFormats = ['csv', 'ndjson', 'parquet'] as const;
export const exportTypes = {
  csv: 'text/csv',
  ndjson: 'application/x-ndjson',
  parquet: 'application/vnd.apache.parquet',
} as const;

export const exportQuerySchema = z.strictObject({ format: z.enum(exportFormats).optional() });

export interface ExportRouteOptions {
  readonly jobs: Jobs;
  readonly versions: VersionStore;
  readonly guard: Guard;
}

/** `GET /api/v1/jobs/{job_id}/export`: all records at their latest versions, streamed at the reader's pace. */
export function exportRoute({ jobs, versions, guard }: ExportRouteOptions): Router {
  const router = Router();
  const path = '/api/v1/jobs/:jobId/export';
  router.get(path, named(path), ...guard('records:read'), async (request, response) => {
    const principal = principalOf(response);
    const jobId = parseJobId(request.params['jobId']);
    const asked = parsed(exportQuerySchema, request.query).format;
    const accepted = request.accepts(Object.values(exportTypes));
    const format = asked ?? exportFormats.find((each) => exportTypes[each] === accepted);
    if (format === undefined) {
      throw new RejectedError('not-acceptable', { remedy: `Ask for ${Object.values(exportTypes).join(', ')}.` });
    }
    const job = await jobs.reading(principal, (tx) => jobs.open(tx, jobId));
    const { columns } = job.batch;
    const records = () => currentRecords(jobs, versions, principal, job);
    // Looked through before the first byte goes out: half a file would be all that could be said of a damaged record later.
    const contents = await surveyColumns(columns.length, records());
    response.status(200).set('Vary', 'Accept').attachment(`job-${jobId}.${format}`);
    response.set('Content-Type', format === 'parquet' ? exportTypes.parquet : `${exportTypes[format]}; charset=utf-8`);
    const body =
      format === 'csv'
        ? asCsv(columns, records())
        : format === 'ndjson'
          ? asNdjson(columns, records())
          : asParquet(columns, contents, records());
    try {
      await pipeline(Readable.from(body), response);
    } catch (error) {
      // The reader went away: nobody is left to answer.
      if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    }
  });
  return router;
}
