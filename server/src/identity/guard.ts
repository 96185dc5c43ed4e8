import { scanCell } from '@sdp/shared/detection';
import { InputError, RejectedError, SdpError } from '@sdp/shared/errors';
import type { ErrorRequestHandler, Request, RequestHandler, Response } from 'express';
import { contextOf } from '../http/request-context.ts';
import type { AccessLog } from './access-log.ts';
import { type Permission, refusalOf } from './permissions.ts';
import { type Principal, seesTenant } from './principal.ts';

/**
 * Finds out who is asking, by one kind of credential.
 *
 * @param maxAgeMs what was found out may be so old; 0 where left out
 * @returns undefined where the request carries none that is valid
 */
export type Authenticator = (request: Request, maxAgeMs?: number) => Promise<Principal | undefined>;

/**
 * Makes what stands before a route: it lets requests through whose principal has the permission, and writes down whether it did.
 * Spread it after `named(path)`: `router.get(path, named(path), ...require('jobs:read'), handler)`.
 */
export type Guard = (permission: Permission, options?: GuardOptions) => RequestHandler[];

export interface GuardOptions {
  /**
   * For routes that are asked very often: those that were let through are written down a moment later and counted, who they are
   * is looked up twice a second, and the rate of requests is the route's own business.
   */
  readonly isBusy?: boolean;
}

export interface GuardDependencies {
  /** The first that knows the caller decides. */
  readonly authenticators: readonly Authenticator[];
  readonly accessLog: AccessLog;
  /** Of one principal. */
  readonly rateLimit: RequestHandler;
}

/** A key that is revoked opens a busy route for as long, at most. */
const busyAgeMs = 500;
const clientHeader = 'x-sdp-client-id';

/** Which permission a handler asks for, for lists of routes. */
const guarded = new WeakMap<RequestHandler, Permission>();

/** @returns the permission, where the handler is a guard's */
export function permissionOf(handler: RequestHandler): Permission | undefined {
  return guarded.get(handler);
}

export function createGuard({ authenticators, accessLog, rateLimit }: GuardDependencies): Guard {
  return (permission, { isBusy = false } = {}) => {
    const authorize: RequestHandler = async (request, response, next) => {
      const context = contextOf(response);
      context.permission = permission;
      const principal = actingFor(
        await whoAsks(authenticators, request, isBusy ? busyAgeMs : 0),
        request.get(clientHeader),
      );
      context.principal = principal;
      const fields = principal.kind === 'key' ? { keyId: principal.id } : { userId: principal.id };
      context.logger = context.logger.child({ clientId: principal.clientId, ...fields });
      const refusal = refusalOf(principal, permission);
      if (refusal?.because === 'scope') {
        throw new RejectedError('forbidden', { message: `The API key lacks the scope ${refusal.scope}` });
      }
      if (refusal?.because === 'kind') {
        throw new RejectedError('forbidden', { message: 'This is for people who are signed in: a key has no account' });
      }
      if (refusal) throw new RejectedError('forbidden', { message: `The role ${principal.role} does not allow this` });
      const decision = { ...decisionOf(request, response), allowed: true, code: undefined };
      if (isBusy) accessLog.recordSoon(decision);
      else await accessLog.record(decision);
      next();
    };
    guarded.set(authorize, permission);
    return isBusy ? [authorize] : [authorize, rateLimit];
  };
}

/**
 * For what lasts longer than a request is looked at: whether who asked still may, by the credentials that came with it.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export function stillMay(authenticators: readonly Authenticator[]) {
  return async (request: Request, permission: Permission): Promise<boolean> => {
    try {
      const principal = actingFor(await whoAsks(authenticators, request), request.get(clientHeader));
      return refusalOf(principal, permission) === undefined;
    } catch (error) {
      if (error instanceof RejectedError) return false;
      throw error;
    }
  };
}

/**
 * Writes down what was refused, before the answer goes out: no permission, nobody known, and what isn't there or isn't the
 * caller's to see. Stands before the handler of errors.
 */
export function refusalLog(accessLog: AccessLog): ErrorRequestHandler {
  return (error: unknown, request, response, next) => {
    const { permission } = contextOf(response);
    if (!(error instanceof SdpError) || permission === undefined || ![401, 403, 404].includes(error.httpStatus)) {
      next(error);
      return;
    }
    const decision = { ...decisionOf(request, response), allowed: false, code: error.code };
    accessLog.record(decision).then(
      () => next(error),
      (failure: unknown) => next(failure),
    );
  };
}

/** @throws {RejectedError} `unauthorized` */
async function whoAsks(authenticators: readonly Authenticator[], request: Request, maxAgeMs = 0): Promise<Principal> {
  for (const authenticate of authenticators) {
    const principal = await authenticate(request, maxAgeMs);
    if (principal) return principal;
  }
  throw new RejectedError('unauthorized');
}

/**
 * Staff act for the client that they name.
 *
 * @throws {RejectedError} `not-found` for a client that isn't theirs to see
 */
function actingFor(principal: Principal, named: string | undefined): Principal {
  if (principal.role === 'Client' || named === undefined) return principal;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(named)) {
    throw new InputError('request-invalid', {
      details: { findings: [{ field: 'X-SDP-Client-Id', message: 'must be a client id' }] },
    });
  }
  if (!seesTenant(principal, named)) throw new RejectedError('not-found');
  return { ...principal, clientId: named, tenants: [named] };
}

function decisionOf(request: Request, response: Response) {
  const { principal, permission, route, requestId } = contextOf(response);
  return { principal, permission, resource: `${request.method} ${route}`, resourceId: idIn(request), requestId };
}

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** What the path names, if it can't be anything but an id. */
function idIn({ params }: Request): string | undefined {
  const [id, ...more] = Object.values(params);
  if (typeof id !== 'string' || more.length > 0 || !idPattern.test(id) || scanCell(id)) return undefined;
  return id;
}
