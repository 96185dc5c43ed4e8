import { problemSchema } from '@sdp/shared/contracts';
import type { RequestHandler } from 'express';
import { Router } from 'express';
import type { z } from 'zod';
import { createDocument, type ZodOpenApiPathsObject } from 'zod-openapi';
import { named } from './request-context.ts';

export type ApiPaths = ZodOpenApiPathsObject;

/** A body or answer in JSON, as the document describes it. */
export const jsonContent = <T extends z.ZodType>(schema: T) => ({ content: { 'application/json': { schema } } });

/** A refusal (RFC 9457), as the document describes it. */
export const problemContent = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

/** The document that describes the API, made from the schemas by which it validates. */
export function createOpenApi(version: string, paths: ApiPaths): object {
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'SDP ingestion API',
      version,
      description:
        'Takes batches of tokenized records, processes them and gives the results back. Members of staff name the client that they act for with the header X-SDP-Client-Id: one that is no client id is answered with 422, one that is not theirs with 404.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, { session: [] }],
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-sdp_session',
          description: 'From POST /api/v1/session; what changes something needs the header X-CSRF-Token as well',
        },
      },
    },
    paths,
  });
}

export function openApiRoute(document: object): Router {
  const router = Router();
  const text = JSON.stringify(document);
  const handler: RequestHandler = (_request, response) => {
    response.type('application/json').send(text);
  };
  router.get('/openapi.json', named('/openapi.json'), handler);
  return router;
}
