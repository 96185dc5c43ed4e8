import { z } from 'zod';
import { batchIdSchema, batchSchema, indexDeclarationSchema, processResponseSchema } from './batch.ts';

/** A batch as people work with it: `job_id` is the batch id. */
export const jobSchema = batchSchema
  .omit({ batch_id: true })
  .extend({ job_id: batchIdSchema, index: indexDeclarationSchema })
  .meta({ id: 'Job' });
export type Job = z.infer<typeof jobSchema>;

export const jobListSchema = z
  .strictObject({ jobs: z.array(jobSchema), next_cursor: z.string().max(200).nullable() })
  .meta({ id: 'JobList' });
export type JobList = z.infer<typeof jobListSchema>;

/** `POST /api/v1/jobs/upload`. */
export const jobUploadedSchema = processResponseSchema
  .omit({ batch_id: true })
  .extend({ job_id: batchIdSchema })
  .meta({ id: 'JobUploaded' });
export type JobUploaded = z.infer<typeof jobUploadedSchema>;
