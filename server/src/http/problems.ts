import type { Problem } from '@sdp/shared/contracts';
import { InputError, RejectedError, SdpError } from '@sdp/shared/errors';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { errorFields, type Metrics } from '../observability/index.ts';
import { contextOf } from './request-context.ts';

const defaultRetrySeconds = 5;
const maxDiscardMs = 10_000;

/** RFC 9457. An error that isn't ours shows as `internal`: code and request id only. */
export function problemOf(error: SdpError, requestId: string): Problem {
  const isPublic = error.kind !== 'internal' && error.kind !== 'config' && error.kind !== 'vault';
  const { findings, accepted } = error.details;
  return {
    type: `urn:sdp:error:${error.code}`,
    title: isPublic ? error.message : 'Something went wrong inside the server',
    status: error.httpStatus,
    code: error.code,
    ...(isPublic && { remedy: error.remedy }),
    request_id: requestId,
    ...(isPublic && findings && { findings: findings.slice(0, 100).map((finding) => ({ ...finding })) }),
    ...(accepted !== undefined && { accepted }),
  };
}

export function sendProblem(response: Response, error: SdpError): void {
  const { requestId } = contextOf(response);
  if (error.retryable || error.code === 'results-not-ready') {
    response.set('Retry-After', String(error.details.retryAfterSeconds ?? defaultRetrySeconds));
  }
  if (error.code === 'unauthorized') response.set('WWW-Authenticate', 'ApiKey realm="sdp"');
  response.status(error.httpStatus).type('application/problem+json').json(problemOf(error, requestId));
}

export const notFound: RequestHandler = (_request, _response, next) => next(new RejectedError('not-found'));

/** Counts requests that came upon stored data that isn't as it was written. */
export function countTampering(metrics: Metrics): ErrorRequestHandler {
  return (error: unknown, _request, _response, next) => {
    if (error instanceof SdpError && error.code === 'record-tampered') metrics.integrityFailed('request', 1);
    next(error);
  };
}

export const problemHandler: ErrorRequestHandler = (thrown: unknown, request, response, _next) => {
  const { logger } = contextOf(response);
  const error = asSdpError(thrown);
  if (error.httpStatus >= 500 && error.kind !== 'unavailable') {
    logger.error(errorFields(thrown), 'request failed unexpectedly');
  } else if (error.kind === 'integrity') {
    logger.error(errorFields(error), 'stored data failed its integrity check');
  } else if (error.kind === 'unavailable' && error.code !== 'results-not-ready') {
    logger.warn({ code: error.code }, 'request could not be served');
  } else {
    logger.info({ code: error.code }, 'request refused');
  }
  if (response.headersSent) {
    // An answer that was begun can't be taken back: it must not look complete.
    response.destroy();
    return;
  }
  discardRest(request, response);
  sendProblem(response, error);
};

/**
 * A sender reads the answer only once it has sent everything, or at least may go on sending. So the rest of a refused body is read
 * and thrown away, for a while.
 */
function discardRest(request: Request, response: Response): void {
  if (request.complete || request.destroyed) return;
  response.set('Connection', 'close');
  request.resume();
  const timer = setTimeout(() => request.destroy(), maxDiscardMs).unref();
  request.once('close', () => clearTimeout(timer));
}

/** Errors of Express itself (a path that doesn't decode) say which status they are. */
function asSdpError(thrown: unknown): SdpError {
  if (thrown instanceof SdpError) return thrown;
  const status = thrown instanceof Error ? (thrown as { status?: unknown }).status : undefined;
  if (typeof status === 'number' && status >= 400 && status < 500) return new InputError('request-malformed');
  return new SdpError('internal');
}
