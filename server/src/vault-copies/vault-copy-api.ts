import {
  problemSchema,
  vaultCopyEntriesSchema,
  vaultCopyErasedSchema,
  vaultCopyEraseSchema,
  vaultCopyErasuresSchema,
  vaultCopyKnownSchema,
  vaultCopyLookupSchema,
  vaultCopyPushedSchema,
  vaultCopyPushSchema,
  vaultCopySchema,
} from '@sdp/shared/contracts';
import type { z } from 'zod';
import type { ApiPaths } from '../http/index.ts';
import { vaultCopyPageQuerySchema } from './vault-copy-routes.ts';

const json = <T extends z.ZodType>(schema: T) => ({ content: { 'application/json': { schema } } });
const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});
const refusals = {
  '401': problem('No valid API key'),
  '403': problem('The API key lacks the scope vault:copy'),
  '422': problem('Not valid'),
  '429': problem('Too many requests; Retry-After says when to go on'),
  '503': problem('Not at the moment; Retry-After says when to try again'),
};
const bodyRefusals = {
  '400': problem('The body cannot be parsed'),
  '413': problem('The request is larger than the limit'),
};

const headRefusals = { '409': problem('The head is not the next one: another machine has changed the copy') };

/** Paths of the copies of clients' vaults. */
export const vaultCopyPaths: ApiPaths = {
  '/api/v1/vault-copy': {
    get: {
      summary: 'What the copy of the client’s vault holds: counts, its namespaces and its head, sealed',
      responses: { '200': { description: 'The copy', ...json(vaultCopySchema) }, ...refusals },
    },
    delete: {
      summary: 'Remove the whole copy, and what is remembered of erasures',
      responses: { '200': { description: 'Removed', ...json(vaultCopyErasedSchema) }, ...refusals },
    },
  },
  '/api/v1/vault-copy/entries': {
    get: {
      summary: 'Sealed entries, page by page',
      requestParams: { query: vaultCopyPageQuerySchema },
      responses: { '200': { description: 'One page', ...json(vaultCopyEntriesSchema) }, ...refusals },
    },
    post: {
      summary: 'Store sealed entries that are not there yet',
      requestBody: { required: true, ...json(vaultCopyPushSchema) },
      responses: {
        '200': { description: 'Stored', ...json(vaultCopyPushedSchema) },
        ...refusals,
        ...bodyRefusals,
        ...headRefusals,
      },
    },
  },
  '/api/v1/vault-copy/erasures': {
    get: {
      summary: 'What was erased and must not come back, page by page',
      requestParams: { query: vaultCopyPageQuerySchema },
      responses: { '200': { description: 'One page', ...json(vaultCopyErasuresSchema) }, ...refusals },
    },
    post: {
      summary: 'Erase entries for good',
      requestBody: { required: true, ...json(vaultCopyEraseSchema) },
      responses: {
        '200': { description: 'Erased', ...json(vaultCopyErasedSchema) },
        ...refusals,
        ...bodyRefusals,
        ...headRefusals,
      },
    },
  },
  '/api/v1/vault-copy/lookup': {
    post: {
      summary: 'What is there of some entries and erasures; reads only',
      requestBody: { required: true, ...json(vaultCopyLookupSchema) },
      responses: {
        '200': { description: 'What is there', ...json(vaultCopyKnownSchema) },
        ...refusals,
        ...bodyRefusals,
      },
    },
  },
};
