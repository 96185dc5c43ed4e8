import type { Readable } from 'node:stream';
import { RejectedError } from '@sdp/shared/errors';
import type { Request } from 'express';

/**
 * The body of a request that has to be JSON.
 *
 * @throws {RejectedError} `media-type-unsupported`
 */
export function readJsonRequest(request: Request): Readable {
  const type = request.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  const encoding = request.get('content-encoding') ?? 'identity';
  if (type === 'application/json' && encoding === 'identity') return request;
  throw new RejectedError('media-type-unsupported', {
    message: 'The body is taken as application/json, uncompressed',
    remedy: 'Send application/json without Content-Encoding.',
  });
}
