import {
  decidedTransactionSchema,
  fraudAlertListSchema,
  pendingTransactionSchema,
  storedOutcomeSchema,
  transactionAnswerSchema,
  transactionIdSchema,
  transactionOutcomeSchema,
  transactionSchema,
  transactionsAnswerSchema,
  transactionsRequestSchema,
} from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../../http/index.ts';
import { alertsQuerySchema } from './alert-routes.ts';
import { waitQuerySchema } from './transaction-routes.ts';

const refusals = {
  '401': problemContent('No valid API key'),
  '403': problemContent('The API key lacks the scope'),
  '429': problemContent('Too many; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const invalid = { '422': problemContent('Not valid, or raw personal data was found') };
const noSuch = { '404': problemContent('No such transaction, or another client’s') };
const path = z.object({ transaction_id: transactionIdSchema });
const body = {
  '400': problemContent('The body cannot be parsed'),
  '413': problemContent('Too large'),
  '415': problemContent('Not JSON'),
};

/** Transactions in the document that describes the API. */
export const transactionPaths: ApiPaths = {
  '/api/v1/transactions': {
    post: {
      summary: 'Hand in transactions and get the decisions',
      requestParams: { query: waitQuerySchema },
      requestBody: {
        required: true,
        content: { 'application/json': { schema: z.union([transactionSchema, transactionsRequestSchema]) } },
      },
      responses: {
        '200': {
          description: 'Decided; several in the order of the request',
          ...jsonContent(z.union([decidedTransactionSchema, transactionsAnswerSchema])),
        },
        '202': {
          description: 'Taken, and not all decided yet: their URLs will have the decisions',
          ...jsonContent(z.union([pendingTransactionSchema, transactionsAnswerSchema])),
        },
        ...refusals,
        ...body,
        ...invalid,
        '409': problemContent('An id was used for other content'),
      },
    },
  },
  '/api/v1/transactions/{transaction_id}': {
    get: {
      summary: 'One transaction’s decision, or that it has none yet',
      requestParams: { path },
      responses: {
        '200': { description: 'The transaction', ...jsonContent(transactionAnswerSchema) },
        ...refusals,
        ...noSuch,
      },
    },
  },
  '/api/v1/transactions/{transaction_id}/outcome': {
    post: {
      summary: 'Report what a transaction turned out to be',
      requestParams: { path },
      requestBody: { required: true, ...jsonContent(transactionOutcomeSchema) },
      responses: {
        '200': { description: 'Stored, or stored before', ...jsonContent(storedOutcomeSchema) },
        ...refusals,
        ...body,
        ...invalid,
        ...noSuch,
        '409': problemContent('Another outcome was reported before'),
      },
    },
  },
  '/api/v1/transactions/stream': {
    get: {
      summary: 'The client’s decisions as they are made, as server-sent events',
      requestParams: { header: z.object({ 'Last-Event-ID': z.string().optional() }) },
      responses: {
        '200': {
          description: 'Events `decision` with a DecidedTransaction each; `end` says why the stream is closed',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...refusals,
        ...invalid,
      },
    },
  },
  '/api/v1/alerts': {
    get: {
      summary: 'The client’s alerts, newest first',
      requestParams: { query: alertsQuerySchema },
      responses: { '200': { description: 'One page', ...jsonContent(fraudAlertListSchema) }, ...refusals, ...invalid },
    },
  },
};
