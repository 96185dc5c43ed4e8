import {
  batchIdSchema,
  batchListSchema,
  batchMetadataSchema,
  batchSchema,
  devProcessResponseSchema,
  healthSchema,
  processRequestSchema,
  processResponseSchema,
  readinessSchema,
  resultsResponseSchema,
  serverInfoSchema,
} from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../http/index.ts';
import { listQuerySchema } from './batch-routes.ts';
import { resultFormats } from './results/result-formats.ts';

const refusals = {
  '401': problemContent('No valid API key'),
  '403': problemContent('The API key lacks the scope'),
  '429': problemContent('Too many requests; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const noSuchBatch = { '404': problemContent('No such batch, or another client’s') };
const tampered = { '409': problemContent('Stored data failed its integrity check') };
const batchPath = { path: z.object({ batch_id: batchIdSchema }) };

/** A streamed body's metadata stands beside it; headers `X-SDP-*` do as well. */
const uploadQuerySchema = batchMetadataSchema
  .pick({ client_id: true, processing_type: true, key_column: true })
  .extend({
    params: z.string().meta({ description: 'JSON text' }),
    declaration: z.string().meta({ description: 'JSON text of a Declaration' }),
  })
  .partial()
  .meta({ description: 'Metadata of a streamed body; percent-encoded headers X-SDP-* do as well' });

/** Every path of the API. */
export const apiPaths: ApiPaths = {
  '/health': { get: { security: [], responses: { '200': { description: 'It runs', ...jsonContent(healthSchema) } } } },
  '/healthz': { get: { security: [], responses: { '200': { description: 'It runs', ...jsonContent(healthSchema) } } } },
  '/readyz': {
    get: {
      security: [],
      responses: {
        '200': { description: 'Every dependency answers', ...jsonContent(readinessSchema) },
        '503': { description: 'One does not', ...jsonContent(readinessSchema) },
      },
    },
  },
  '/metrics': {
    get: {
      security: [],
      responses: { '200': { description: 'Prometheus', content: { 'text/plain': { schema: z.string() } } } },
    },
  },
  '/openapi.json': {
    get: {
      security: [],
      responses: { '200': { description: 'This document', ...jsonContent(z.looseObject({ openapi: z.string() })) } },
    },
  },
  '/api/v1/server-info': {
    get: {
      summary: 'What a client has to know before it sends',
      responses: { '200': { description: 'The server', ...jsonContent(serverInfoSchema) }, ...refusals },
    },
  },
  '/api/v1/process': {
    post: {
      summary: 'Hand in a batch of tokenized records',
      requestParams: {
        query: uploadQuerySchema,
        header: z.object({ 'Idempotency-Key': z.string().max(200).optional() }),
      },
      requestBody: {
        required: true,
        description: 'May be compressed with gzip or zstd (Content-Encoding)',
        content: {
          'application/json': { schema: processRequestSchema },
          'application/x-ndjson': { schema: z.string().meta({ description: 'One flat JSON object a line' }) },
          'text/csv': { schema: z.string().meta({ description: 'Comma-separated, with a header row' }) },
        },
      },
      responses: {
        '200': { description: 'Stored, or stored before', ...jsonContent(processResponseSchema) },
        ...refusals,
        '400': problemContent('The body cannot be parsed'),
        '404': problemContent('The client id is not the API key’s'),
        '409': problemContent('The idempotency key was used for other content'),
        '413': problemContent('The request is larger than the limit'),
        '415': problemContent('Content type or encoding not supported'),
        '422': problemContent('Not valid, or raw personal data was found'),
      },
    },
  },
  '/api/v1/batches': {
    get: {
      summary: 'The client’s batches, newest first',
      requestParams: { query: listQuerySchema },
      responses: {
        '200': { description: 'One page', ...jsonContent(batchListSchema) },
        ...refusals,
        ...tampered,
        '422': problemContent('Not valid'),
      },
    },
  },
  '/api/v1/batches/{batch_id}': {
    get: {
      summary: 'One batch and how far it has come',
      requestParams: batchPath,
      responses: {
        '200': { description: 'The batch', ...jsonContent(batchSchema) },
        ...refusals,
        ...noSuchBatch,
        ...tampered,
      },
    },
  },
  '/api/v1/results/{batch_id}': {
    get: {
      summary: 'The results, in order of seq',
      requestParams: { ...batchPath, query: z.object({ format: z.enum(resultFormats).optional() }) },
      responses: {
        '200': {
          description: 'The results',
          content: {
            'application/json': { schema: resultsResponseSchema },
            'application/x-ndjson': { schema: z.string() },
            'text/csv': { schema: z.string() },
          },
        },
        ...refusals,
        ...noSuchBatch,
        '406': problemContent('None of the formats asked for can be served'),
        '409': problemContent('Not processed yet (Retry-After), failed, or damaged'),
      },
    },
  },
  '/dev/process-batch/{batch_id}': {
    post: {
      summary: 'Process a batch at once; only with SDP_ENV=dev, and without a key from the same machine',
      requestParams: batchPath,
      responses: {
        '200': { description: 'Processed', ...jsonContent(devProcessResponseSchema) },
        ...refusals,
        ...noSuchBatch,
        '409': problemContent('The batch failed'),
      },
    },
  },
};
