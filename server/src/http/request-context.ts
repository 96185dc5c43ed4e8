import { randomUUID } from 'node:crypto';
import { scanCell } from '@sdp/shared/detection';
import { InputError, RejectedError } from '@sdp/shared/errors';
import type { RequestHandler, Response } from 'express';
import type { Permission } from '../identity/permissions.ts';
import type { Principal } from '../identity/principal.ts';
import type { Logger, Metrics } from '../observability/index.ts';

/** What the server knows of a request beside what was sent. */
export interface RequestContext {
  readonly requestId: string;
  /** Writes the request id with every line. */
  logger: Logger;
  principal?: Principal;
  /** What the route asks for. */
  permission?: Permission;
  /** Pattern of the route, e.g. `/api/v1/batches/:batchId`: a path itself never is logged. */
  route: string;
  /** The answer goes on until the client has enough: its end by the client is no failure. */
  isStream?: boolean;
}

const contexts = new WeakMap<Response, RequestContext>();
const saneRequestId = /^[A-Za-z0-9][A-Za-z0-9._-]{7,99}$/;

export function contextOf(response: Response): RequestContext {
  const context = contexts.get(response);
  if (!context) throw new Error('the request has no context');
  return context;
}

/** @throws {RejectedError} `unauthorized` */
export function principalOf(response: Response): Principal {
  const { principal } = contextOf(response);
  if (!principal) throw new RejectedError('unauthorized');
  return principal;
}

/**
 * The client that the request is for, where it has to be for one.
 *
 * @throws {RejectedError} `unauthorized`
 * @throws {InputError} `request-invalid` where staff named none
 */
export function clientOf(response: Response): string {
  const { clientId } = principalOf(response);
  if (clientId !== undefined) return clientId;
  throw new InputError('request-invalid', {
    message: 'It is not said for which client',
    remedy: 'Name the client with the header X-SDP-Client-Id.',
    details: { findings: [{ field: 'X-SDP-Client-Id', message: 'must name a client' }] },
  });
}

/** Names the matched route for logs and metrics. */
export function named(route: string): RequestHandler {
  return (_request, response, next) => {
    contextOf(response).route = route;
    next();
  };
}

/** First of all middleware: request id, child logger, one line and one measurement for each request. */
export function requestContext(logger: Logger, metrics: Metrics): RequestHandler {
  return (request, response, next) => {
    const requestId = requestIdOf(request.get('x-request-id'));
    const context: RequestContext = { requestId, logger: logger.child({ requestId }), route: 'unmatched' };
    contexts.set(response, context);
    response.set('X-Request-Id', requestId);
    const started = process.hrtime.bigint();
    response.once('close', () => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const { route } = context;
      const { method } = request;
      const status = response.statusCode;
      metrics.requestDone({ method, route, status }, seconds);
      const fields = {
        method,
        route,
        status,
        durationMs: Math.round(seconds * 1_000),
      };
      if (!response.writableFinished && !context.isStream)
        context.logger.warn(fields, 'request ended before its answer did');
      else if (isProbe(route)) context.logger.debug(fields, 'request done');
      else context.logger.info(fields, 'request done');
    });
    next();
  };
}

/** The caller's id, if it can't be mistaken for, or hide, anything else in a log. */
function requestIdOf(given: string | undefined): string {
  return given !== undefined && saneRequestId.test(given) && !scanCell(given) ? given : randomUUID();
}

function isProbe(route: string): boolean {
  return ['/health', '/healthz', '/readyz', '/metrics'].includes(route);
}
