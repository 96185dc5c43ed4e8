import { accessLogSchema } from '@sdp/shared/contracts';
import { type ApiPaths, jsonContent, problemContent } from '../http/index.ts';
import { accessLogQuerySchema } from './access-log-routes.ts';

/** Path of the access log. */
export const accessLogPaths: ApiPaths = {
  '/api/v1/access-log': {
    get: {
      summary: 'Who was let in to what, and who wasn’t; newest first',
      requestParams: { query: accessLogQuerySchema },
      responses: {
        '200': { description: 'One page', ...jsonContent(accessLogSchema) },
        '401': problemContent('Nobody known is asking'),
        '403': problemContent('The role does not allow this'),
        '422': problemContent('Not valid'),
        '429': problemContent('Too many requests; Retry-After says when to go on'),
        '503': problemContent('Not at the moment; Retry-After says when to try again'),
      },
    },
  },
};
