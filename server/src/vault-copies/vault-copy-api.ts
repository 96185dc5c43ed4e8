import {
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
import { type ApiPaths, jsonContent, problemContent } from '../http/index.ts';
import { vaultCopyPageQuerySchema } from './vault-copy-routes.ts';

const refusals = {
  '401': problemContent('No valid API key'),
  '403': problemContent('The API key lacks the scope vault:copy'),
  '422': problemContent('Not valid'),
  '429': problemContent('Too many requests; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const bodyRefusals = {
  '400': problemContent('The body cannot be parsed'),
  '413': problemContent('The request is larger than the limit'),
};

const headRefusals = { '409': problemContent('The head is not the next one: another machine has changed the copy') };

/** Paths of the copies of clients' vaults. */
export const vaultCopyPaths: ApiPaths = {
  '/api/v1/vault-copy': {
    get: {
      summary: 'What the copy of the client’s vault holds: counts, its namespaces and its head, sealed',
      responses: { '200': { description: 'The copy', ...jsonContent(vaultCopySchema) }, ...refusals },
    },
    delete: {
      summary: 'Remove the whole copy, and what is remembered of erasures',
      responses: { '200': { description: 'Removed', ...jsonContent(vaultCopyErasedSchema) }, ...refusals },
    },
  },
  '/api/v1/vault-copy/entries': {
    get: {
      summary: 'Sealed entries, page by page',
      requestParams: { query: vaultCopyPageQuerySchema },
      responses: { '200': { description: 'One page', ...jsonContent(vaultCopyEntriesSchema) }, ...refusals },
    },
    post: {
      summary: 'Store sealed entries that are not there yet',
      requestBody: { required: true, ...jsonContent(vaultCopyPushSchema) },
      responses: {
        '200': { description: 'Stored', ...jsonContent(vaultCopyPushedSchema) },
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
      responses: { '200': { description: 'One page', ...jsonContent(vaultCopyErasuresSchema) }, ...refusals },
    },
    post: {
      summary: 'Erase entries for good',
      requestBody: { required: true, ...jsonContent(vaultCopyEraseSchema) },
      responses: {
        '200': { description: 'Erased', ...jsonContent(vaultCopyErasedSchema) },
        ...refusals,
        ...bodyRefusals,
        ...headRefusals,
      },
    },
  },
  '/api/v1/vault-copy/lookup': {
    post: {
      summary: 'What is there of some entries and erasures; reads only',
      requestBody: { required: true, ...jsonContent(vaultCopyLookupSchema) },
      responses: {
        '200': { description: 'What is there', ...jsonContent(vaultCopyKnownSchema) },
        ...refusals,
        ...bodyRefusals,
      },
    },
  },
};
