import {
  eventListSchema,
  eventSchema,
  eventStatsSchema,
  eventsAcceptedSchema,
  eventsRequestSchema,
} from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../../http/index.ts';
import { eventStreamQuerySchema } from '../stream/event-streams.ts';
import { eventsQuerySchema, statsQuerySchema } from './read-routes.ts';

const refusals = {
  '401': problemContent('No valid API key'),
  '403': problemContent('The API key lacks the scope'),
  '429': problemContent('Too many; Retry-After says when to go on'),
  '503': problemContent('Not at the moment; Retry-After says when to try again'),
};
const unfit = { '422': problemContent('The query is not valid') };
const invalid = { '422': problemContent('Not valid, or raw personal data was found') };

/** Events in the document that describes the API. */
export const eventPaths: ApiPaths = {
  '/api/v1/events': {
    post: {
      summary: 'Hand in events: one, several, or a stream with one a line',
      description:
        'Answered once all of them are durable. JSON is taken whole or not at all; of a stream that is not taken whole the answer says in `accepted` how many of its lines were, from the first. An event that is sent again is the same event.',
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: z.union([eventSchema, eventsRequestSchema]) },
          'application/x-ndjson': { schema: z.string().meta({ description: 'One Event as JSON a line' }) },
        },
      },
      responses: {
        '200': { description: 'All stand on the bus', ...jsonContent(eventsAcceptedSchema) },
        ...refusals,
        ...invalid,
        '400': problemContent('The body or a line cannot be parsed'),
        '413': problemContent('Too large'),
        '415': problemContent('Neither JSON nor NDJSON, or compressed in an unknown way'),
      },
    },
    get: {
      summary: 'The client’s recent events, those that were stored last first',
      requestParams: { query: eventsQuerySchema },
      responses: {
        '200': {
          description: 'One page. It may have fewer events than asked for and still a `next_cursor`.',
          ...jsonContent(eventListSchema),
        },
        ...refusals,
        ...unfit,
        '409': problemContent('Stored events are not what was stored'),
      },
    },
  },
  '/api/v1/events/stream': {
    get: {
      summary: 'Events as they are stored, as server-sent events, or over a WebSocket where one is asked for',
      requestParams: {
        query: eventStreamQuerySchema,
        header: z.object({ 'Last-Event-ID': z.string().optional() }),
      },
      responses: {
        '101': { description: 'A WebSocket: a message of JSON for each event, with `id`, `event` and `data`' },
        '200': {
          description:
            'Events `log`, `metric` and `transaction` with an EventShown each; `unreadable` in the place of stored events that are not what was stored; `end` says why the stream is closed',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...refusals,
        '422': problemContent('Not valid, or events behind the place to go on from are no longer kept'),
      },
    },
  },
  '/api/v1/stats': {
    get: {
      summary: 'How many events the client had, by type, level and time',
      requestParams: { query: statsQuerySchema },
      responses: {
        '200': { description: 'Every bucket, empty ones too', ...jsonContent(eventStatsSchema) },
        ...refusals,
        ...unfit,
      },
    },
  },
};
