import { newSilenceSchema, notificationListSchema, silenceListSchema, silenceSchema } from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../../http/index.ts';
import { notificationQuerySchema } from './notification-routes.ts';
import { silenceQuerySchema } from './silence-routes.ts';

const refusals = {
  '401': problemContent('Nobody known is asking'),
  '403': problemContent('The role or the API key does not allow this'),
  '404': problemContent('There is no such thing, or it is another client’s'),
  '422': problemContent('Not valid, or raw personal data was found'),
  '429': problemContent('Too many requests; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};

/** Alerts in the document that describes the API. */
export const alertPaths: ApiPaths = {
  '/api/v1/notifications': {
    get: {
      summary: 'What people were to be told of, on which channels, and whether they were; newest first',
      requestParams: { query: notificationQuerySchema },
      responses: { '200': { description: 'One page', ...jsonContent(notificationListSchema) }, ...refusals },
    },
  },
  '/api/v1/silences': {
    get: {
      summary: 'Silences, newest first',
      requestParams: { query: silenceQuerySchema },
      responses: { '200': { description: 'Those that hold, or all', ...jsonContent(silenceListSchema) }, ...refusals },
    },
    post: {
      summary: 'Keep alerts from being told of until a time: of the client that is named, or of all',
      requestBody: { ...jsonContent(newSilenceSchema), required: true },
      responses: {
        '201': { description: 'The silence', ...jsonContent(silenceSchema) },
        ...refusals,
        '400': problemContent('The body cannot be parsed'),
        '413': problemContent('The body is too large'),
        '415': problemContent('The body is not application/json'),
      },
    },
  },
  '/api/v1/silences/{silence_id}': {
    delete: {
      summary: 'End a silence before its time',
      requestParams: { path: z.object({ silence_id: z.uuid() }) },
      responses: { '200': { description: 'The silence as it is now', ...jsonContent(silenceSchema) }, ...refusals },
    },
  },
};
