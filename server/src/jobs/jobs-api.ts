import {
  batchIdSchema,
  batchMetadataSchema,
  jobListSchema,
  jobSchema,
  jobUploadedSchema,
  proposalApprovalSchema,
  proposalListSchema,
  proposalRejectionSchema,
  proposalSchema,
  recordEditSchema,
  recordHistorySchema,
  recordIdSchema,
  recordListSchema,
  recordSchema,
} from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../http/index.ts';
import { exportQuerySchema } from './export/export-route.ts';
import { jobListQuerySchema } from './job-routes.ts';
import { proposalListQuerySchema } from './proposals/proposal-routes.ts';
import { historyQuerySchema, recordListQuerySchema } from './records/record-routes.ts';

const refusals = {
  '401': problemContent('Nobody known is asking'),
  '403': problemContent('The role or the API key does not allow this'),
  '404': problemContent('There is no such thing, or it is another client’s'),
  '422': problemContent('Not valid'),
  '429': problemContent('Too many requests; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const tampered = { '409': problemContent('Stored data failed its integrity check: nothing of it is served') };
const bodyRefusals = {
  '400': problemContent('The body cannot be parsed'),
  '413': problemContent('The request is larger than the limit'),
  '415': problemContent('The body is not application/json'),
};
const versionRefusals = {
  '412': problemContent('The record has a later version'),
  '428': problemContent('If-Match is missing'),
};
const jobPath = { path: z.object({ job_id: batchIdSchema }) };
const recordPath = { path: z.object({ record_id: recordIdSchema }) };
const proposalPath = { path: z.object({ proposal_id: z.uuid() }) };
const ifMatch = z.object({
  'If-Match': z.string().meta({ description: 'ETag of the version that was read, e.g. "v1"' }),
});
const etag = { headers: z.object({ ETag: z.string().meta({ description: 'Of the version, e.g. "v2"' }) }) };

/** The parts of an upload; the file comes last. */
const uploadFormSchema = z.strictObject({
  client_id: batchMetadataSchema.shape.client_id,
  processing_type: batchMetadataSchema.shape.processing_type,
  key_column: batchMetadataSchema.shape.key_column,
  params: z.string().optional().meta({ description: 'JSON text' }),
  declaration: z.string().optional().meta({ description: 'JSON text of a Declaration' }),
  index: z.string().optional().meta({ description: 'JSON text of an IndexDeclaration' }),
  file: z.string().meta({ format: 'binary', description: 'Comma-separated, with a header row; the last part' }),
});

/** Paths of jobs, their records and what is proposed for them. */
export const jobPaths: ApiPaths = {
  '/api/v1/jobs': {
    get: {
      summary: 'Jobs, newest first',
      requestParams: { query: jobListQuerySchema },
      responses: { '200': { description: 'One page', ...jsonContent(jobListSchema) }, ...refusals, ...tampered },
    },
  },
  '/api/v1/jobs/upload': {
    post: {
      summary: 'Hand in a CSV file of tokenized records',
      requestParams: { header: z.object({ 'Idempotency-Key': z.string().max(200).optional() }) },
      requestBody: { required: true, content: { 'multipart/form-data': { schema: uploadFormSchema } } },
      responses: {
        '201': { description: 'Stored, or stored before', ...jsonContent(jobUploadedSchema) },
        ...refusals,
        ...bodyRefusals,
        '409': problemContent('The idempotency key was used for other content'),
        '415': problemContent('Not multipart/form-data with a file of text/csv'),
        '422': problemContent('Not valid, or raw personal data was found'),
      },
    },
  },
  '/api/v1/jobs/{job_id}': {
    get: {
      summary: 'One job and how far it has come',
      requestParams: jobPath,
      responses: { '200': { description: 'The job', ...jsonContent(jobSchema) }, ...refusals, ...tampered },
    },
  },
  '/api/v1/jobs/{job_id}/records': {
    get: {
      summary: 'A job’s records at their latest versions; searched and sorted by columns declared for it',
      requestParams: { ...jobPath, query: recordListQuerySchema },
      responses: {
        '200': { description: 'One page', ...jsonContent(recordListSchema) },
        ...refusals,
        ...tampered,
        '431': { description: 'Line and headers of the request are longer than 16 KiB' },
      },
    },
  },
  '/api/v1/jobs/{job_id}/export': {
    get: {
      summary: 'All of a job’s records at their latest versions',
      requestParams: { ...jobPath, query: exportQuerySchema },
      responses: {
        '200': {
          description: 'The records',
          content: {
            'text/csv': { schema: z.string() },
            'application/x-ndjson': { schema: z.string() },
            'application/vnd.apache.parquet': { schema: z.string().meta({ format: 'binary' }) },
          },
        },
        ...refusals,
        ...tampered,
        '406': problemContent('None of the formats asked for can be served'),
      },
    },
  },
  '/api/v1/records/{record_id}': {
    get: {
      summary: 'A record at its latest version',
      requestParams: recordPath,
      responses: {
        '200': { description: 'The record', ...etag, ...jsonContent(recordSchema) },
        ...refusals,
        ...tampered,
      },
    },
    put: {
      summary: 'Give a record a new version; the ones before stay',
      requestParams: { ...recordPath, header: ifMatch },
      requestBody: { required: true, ...jsonContent(recordEditSchema) },
      responses: {
        '200': { description: 'The new version', ...etag, ...jsonContent(recordSchema) },
        ...refusals,
        ...tampered,
        ...bodyRefusals,
        ...versionRefusals,
        '422': problemContent('Not valid, or raw personal data was found'),
      },
    },
  },
  '/api/v1/records/{record_id}/history': {
    get: {
      summary: 'A record’s versions, newest first',
      requestParams: { ...recordPath, query: historyQuerySchema },
      responses: { '200': { description: 'One page', ...jsonContent(recordHistorySchema) }, ...refusals, ...tampered },
    },
  },
  '/api/v1/records/{record_id}/proposals': {
    post: {
      summary: 'Propose a new version, for somebody else to decide on',
      requestParams: { ...recordPath, header: ifMatch },
      requestBody: { required: true, ...jsonContent(recordEditSchema) },
      responses: {
        '201': { description: 'The proposal', ...jsonContent(proposalSchema) },
        ...refusals,
        ...tampered,
        ...bodyRefusals,
        ...versionRefusals,
        '422': problemContent('Not valid, or raw personal data was found'),
      },
    },
  },
  '/api/v1/proposals': {
    get: {
      summary: 'Proposals, newest first',
      requestParams: { query: proposalListQuerySchema },
      responses: { '200': { description: 'One page', ...jsonContent(proposalListSchema) }, ...refusals, ...tampered },
    },
  },
  '/api/v1/proposals/{proposal_id}': {
    get: {
      summary: 'One proposal',
      requestParams: proposalPath,
      responses: { '200': { description: 'The proposal', ...jsonContent(proposalSchema) }, ...refusals, ...tampered },
    },
  },
  '/api/v1/proposals/{proposal_id}/approve': {
    post: {
      summary: 'Make the proposed version the record’s latest; never one’s own',
      requestParams: proposalPath,
      requestBody: { required: true, ...jsonContent(proposalApprovalSchema) },
      responses: {
        '200': { description: 'The proposal, decided', ...jsonContent(proposalSchema) },
        ...refusals,
        ...bodyRefusals,
        '409': problemContent('Decided before, based on a version that is no longer the latest, or damaged'),
      },
    },
  },
  '/api/v1/proposals/{proposal_id}/reject': {
    post: {
      summary: 'Turn a proposal down; never one’s own',
      requestParams: proposalPath,
      requestBody: { required: true, ...jsonContent(proposalRejectionSchema) },
      responses: {
        '200': { description: 'The proposal, decided', ...jsonContent(proposalSchema) },
        ...refusals,
        ...bodyRefusals,
        '409': problemContent('Decided before, or damaged'),
      },
    },
  },
};
