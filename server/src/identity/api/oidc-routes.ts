import { RejectedError, SdpError } from '@sdp/shared/errors';
import { type Request, type Response, Router } from 'express';
import { z } from 'zod';
import { attemptRateLimit, contextOf, named, parsedAs } from '../../http/index.ts';
import type { AccessLog } from '../access-log.ts';
import { type AttemptSealer, attemptSeconds } from '../oidc/oidc-attempt.ts';
import type { OidcClient } from '../oidc/oidc-client.ts';
import { setSessionCookie } from '../sessions/session-cookie.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { SignIn } from '../sessions/sign-in.ts';
import { principalOfUser } from '../users/user-row.ts';
import { presentSession } from './present-session.ts';

export const oidcPath = '/api/v1/session/oidc';
export const oidcCallbackPath = `${oidcPath}/callback`;

export interface OidcRoutesOptions {
  readonly client: OidcClient;
  readonly attempts: AttemptSealer;
  readonly signIn: SignIn;
  readonly sessions: SessionStore;
  readonly accessLog: AccessLog;
  /** Failed attempts to sign in, per address. */
  readonly attemptsPerMinute: number;
}

/** A path on this server, never another one: `//host` and `/\host` lead elsewhere. */
export const oidcQuerySchema = z.strictObject({
  return_to: z
    .string()
    .max(500)
    .regex(/^\/(?![/\\])[A-Za-z0-9._~/?=&%+-]*$/)
    .optional(),
});

const cookieName = '__Host-sdp_oidc';
/** Lax: the provider sends the browser back from another site. */
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Lax';

/** Signing in at a provider of OpenID Connect, and coming back from it. */
export function oidcRoutes({
  client,
  attempts,
  signIn,
  sessions,
  accessLog,
  attemptsPerMinute,
}: OidcRoutesOptions): Router {
  const router = Router();
  const limit = attemptRateLimit(attemptsPerMinute);
  router.get(oidcPath, named(oidcPath), limit, async (request, response) => {
    const { return_to: returnTo } = parsedAs(oidcQuerySchema, request.query);
    const { url, attempt } = await client.begin();
    const kept = attempts.seal({ ...attempt, returnTo });
    response.append('Set-Cookie', `${cookieName}=${kept}; Max-Age=${attemptSeconds}; ${attributes}`);
    response.redirect(302, url.href);
  });

  router.get(oidcCallbackPath, named(oidcCallbackPath), limit, async (request, response) => {
    response.append('Set-Cookie', `${cookieName}=; Max-Age=0; ${attributes}`);
    const { requestId, route } = contextOf(response);
    const decision = { resource: `GET ${route}`, resourceId: undefined, permission: undefined, requestId };
    try {
      const kept = attempts.open(cookieOf(request) ?? '');
      if (!kept) throw new RejectedError('sign-in-refused', { message: 'Nobody began to sign in here' });
      const identity = await client.finish(new URL(request.url, 'http://localhost').search, kept);
      const { user, token } = await signIn.signInElsewhere(identity);
      const principal = principalOfUser(user);
      await accessLog.record({ ...decision, principal, allowed: true, code: undefined });
      setSessionCookie(response, token);
      if (kept.returnTo === undefined) response.json(presentSession(principal, sessions.csrfToken(token)));
      else sendOn(response, kept.returnTo);
    } catch (error) {
      if (error instanceof RejectedError) {
        await accessLog.record({ ...decision, principal: undefined, allowed: false, code: codeOf(error) });
      }
      throw error;
    }
  });
  return router;
}

/** By a page of this server: after a redirect from another site a browser would not send the session's cookie along. */
function sendOn(response: Response, path: string): void {
  const target = path.replaceAll('&', '&amp;');
  response.type('html').send(`<!doctype html><meta http-equiv="refresh" content="0;url=${target}"><title>SDP</title>`);
}

function cookieOf(request: Request): string | undefined {
  const given = (request.get('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`));
  return given.length === 1 ? given[0]?.slice(cookieName.length + 1) : undefined;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof SdpError ? error.code : undefined;
}
