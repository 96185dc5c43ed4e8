import { anomalyDetailSchema, anomalyHandlingSchema, anomalyListSchema } from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../../http/index.ts';
import { anomalyStreamQuerySchema } from '../stream/anomaly-streams.ts';
import { anomalyListQuerySchema } from './anomaly-routes.ts';

const refusals = {
  '401': problemContent('Nobody known is asking'),
  '403': problemContent('The role or the API key does not allow this'),
  '404': problemContent('There is no such thing, or it is another client’s'),
  '429': problemContent('Too many requests; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const invalid = { '422': problemContent('Not valid, or raw personal data was found') };
const path = { path: z.object({ anomaly_id: z.uuid() }) };

const handling = (summary: string) => ({
  post: {
    summary,
    requestParams: path,
    requestBody: { ...jsonContent(anomalyHandlingSchema) },
    responses: {
      '200': { description: 'The anomaly as it is now', ...jsonContent(anomalyDetailSchema) },
      ...refusals,
      ...invalid,
      '400': problemContent('The body cannot be parsed'),
      '409': problemContent('Somebody was faster: its state does not allow this'),
      '413': problemContent('The body is too large'),
      '415': problemContent('The body is not application/json'),
    },
  },
});

/** Anomalies in the document that describes the API. */
export const anomalyPaths: ApiPaths = {
  '/api/v1/anomalies': {
    get: {
      summary: 'Anomalies, newest first',
      requestParams: { query: anomalyListQuerySchema },
      responses: {
        '200': { description: 'One page', ...jsonContent(anomalyListSchema) },
        ...refusals,
        ...invalid,
      },
    },
  },
  '/api/v1/anomalies/stream': {
    get: {
      summary:
        'Anomalies as they are found and handled, as server-sent events, or over a WebSocket where one is asked for',
      requestParams: {
        query: anomalyStreamQuerySchema,
        header: z.object({ 'Last-Event-ID': z.string().optional() }),
      },
      responses: {
        '101': { description: 'A WebSocket: a message of JSON for each event, with `id`, `event` and `data`' },
        '200': {
          description: 'Events `anomaly` with an AnomalyChanged each; `end` says why the stream is closed',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...refusals,
        ...invalid,
      },
    },
  },
  '/api/v1/anomalies/{anomaly_id}': {
    get: {
      summary: 'One anomaly, why it is one, where its events stand, and who has handled it',
      requestParams: path,
      responses: { '200': { description: 'The anomaly', ...jsonContent(anomalyDetailSchema) }, ...refusals },
    },
  },
  '/api/v1/anomalies/{anomaly_id}/acknowledge': handling('Say that somebody looks after an open anomaly'),
  '/api/v1/anomalies/{anomaly_id}/resolve': handling('Close an anomaly: what comes back is another one'),
};
