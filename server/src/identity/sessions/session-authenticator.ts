import { RejectedError } from '@sdp/shared/errors';
import type { Request } from 'express';
import { asksForWebSocket } from '../../http/upgrade.ts';
import type { Authenticator } from '../guard.ts';
import { principalOfUser } from '../users/user-row.ts';
import { sessionTokenOf } from './session-cookie.ts';
import type { SessionStore } from './session-store.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Knows callers by the cookie of their session. What changes something must prove that it comes from a page of this server: the
 * cookie alone goes along with requests that other pages make a browser send.
 *
 * @param publicOrigin by which browsers reach the server, where it isn't what `Host` says
 */
export function sessionAuthenticator(sessions: SessionStore, publicOrigin?: string): Authenticator {
  return async (request) => {
    const token = sessionTokenOf(request);
    const user = token === undefined ? undefined : await sessions.find(token);
    if (token === undefined || user === undefined) return undefined;
    // No browser keeps pages from opening WebSockets to other servers, cookie and all.
    if (!safeMethods.has(request.method) || asksForWebSocket(request)) assertSameOrigin(request, publicOrigin);
    if (!safeMethods.has(request.method)) {
      const given = request.get('x-csrf-token');
      if (given === undefined || !sessions.isCsrfToken(token, given)) throw new RejectedError('cross-site-refused');
    }
    return principalOfUser(user);
  };
}

/**
 * Browsers say where a request comes from. Other programs don't, and hold no cookies that a page could use.
 *
 * @throws {RejectedError} `cross-site-refused`
 */
export function assertSameOrigin(request: Request, publicOrigin?: string): void {
  const site = request.get('sec-fetch-site');
  if (site !== undefined && site !== 'same-origin' && site !== 'none') throw new RejectedError('cross-site-refused');
  const origin = request.get('origin');
  if (origin === undefined) return;
  const isOwn = publicOrigin === undefined ? hostOf(origin) === request.get('host') : origin === publicOrigin;
  if (!isOwn) throw new RejectedError('cross-site-refused');
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
