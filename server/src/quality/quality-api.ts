import { batchIdSchema, qualityReportSchema } from '@sdp/shared/contracts';
import { z } from 'zod';
import { type ApiPaths, jsonContent, problemContent } from '../http/index.ts';

/** Path of a job's quality. */
export const qualityPaths: ApiPaths = {
  '/api/v1/quality/{job_id}': {
    get: {
      summary: 'How good a job’s data is, by what is expected of its source table',
      requestParams: { path: z.object({ job_id: batchIdSchema }) },
      responses: {
        '200': { description: 'How each expectation fared', ...jsonContent(qualityReportSchema) },
        '401': problemContent('Nobody known is asking'),
        '403': problemContent('The role or the API key does not allow this'),
        '404': problemContent('There is no such job, it is another client’s, or it was not judged'),
        '409': problemContent('What was stored failed its integrity check'),
        '429': problemContent('Too many requests; Retry-After says when to go on'),
        '503': problemContent('Not at the moment; Retry-After says when to try again'),
      },
    },
  },
};
