import {
  passwordChangeSchema,
  secondFactorCodeSchema,
  secondFactorRemovalSchema,
  signInSchema,
} from '@sdp/shared/contracts';
import { RejectedError, SdpError } from '@sdp/shared/errors';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import { attemptRateLimit, contextOf, named, parsedAs, principalOf, readJsonBody } from '../../http/index.ts';
import type { AccessLog } from '../access-log.ts';
import type { Guard } from '../guard.ts';
import { base32, otpauthUri } from '../second-factor/totp-rules.ts';
import { assertSameOrigin } from '../sessions/session-authenticator.ts';
import { clearSessionCookie, sessionTokenOf, setSessionCookie } from '../sessions/session-cookie.ts';
import type { SessionStore } from '../sessions/session-store.ts';
import type { SignedIn, SignIn } from '../sessions/sign-in.ts';
import { principalOfUser } from '../users/user-row.ts';
import type { UserStore } from '../users/user-store.ts';
import { presentSession } from './present-session.ts';

export interface SessionRoutesOptions {
  readonly signIn: SignIn;
  readonly sessions: SessionStore;
  readonly users: UserStore;
  readonly accessLog: AccessLog;
  readonly guard: Guard;
  readonly publicOrigin?: string | undefined;
  /** Failed attempts to sign in, per address. */
  readonly attemptsPerMinute: number;
}

const maxBodyBytes = 8_192;
const issuer = 'SDP';

/** `/api/v1/session`: signing in and out, and what people do with their own account. */
export function sessionRoutes(options: SessionRoutesOptions): Router {
  const { signIn, sessions, users, guard } = options;
  const router = Router();
  const base = '/api/v1/session';

  router.post(base, named(base), attemptRateLimit(options.attemptsPerMinute), signInHandler(options));
  router.get(base, named(base), ...guard('self:read'), (request, response) => {
    response.json(presentSession(principalOf(response), csrfTokenOf(request, response, sessions)));
  });
  router.delete(base, named(base), ...guard('self:manage'), async (request, response) => {
    const { token, id } = ownSession(request, response);
    const user = await users.find(id);
    if (user) await signIn.signOut(user, token);
    clearSessionCookie(response);
    response.status(204).end();
  });

  const password = `${base}/password`;
  router.put(password, named(password), ...guard('self:manage'), async (request, response) => {
    const { token, id } = ownSession(request, response);
    const body = parsedAs(passwordChangeSchema, await readJsonBody(request, maxBodyBytes));
    await signIn.changePassword(id, token, body.password, body.new_password);
    response.status(204).end();
  });

  const factor = `${base}/second-factor`;
  router.post(factor, named(factor), ...guard('self:manage'), async (request, response) => {
    const { id, name } = ownSession(request, response);
    const secret = await signIn.beginSecondFactor(id);
    response.json({ secret: base32(secret), uri: otpauthUri(issuer, name, secret) });
  });
  router.put(factor, named(factor), ...guard('self:manage'), async (request, response) => {
    const { id } = ownSession(request, response);
    const { code } = parsedAs(secondFactorCodeSchema, await readJsonBody(request, maxBodyBytes));
    response.json({ recovery_codes: await signIn.confirmSecondFactor(id, code) });
  });
  router.delete(factor, named(factor), ...guard('self:manage'), async (request, response) => {
    const { id } = ownSession(request, response);
    const body = parsedAs(secondFactorRemovalSchema, await readJsonBody(request, maxBodyBytes));
    await signIn.removeSecondFactor(id, body.password, body.code);
    response.status(204).end();
  });
  return router;
}

function signInHandler({ signIn, sessions, accessLog, publicOrigin }: SessionRoutesOptions): RequestHandler {
  return async (request, response) => {
    const { requestId, route } = contextOf(response);
    const decision = {
      resource: `${request.method} ${route}`,
      resourceId: undefined,
      permission: undefined,
      requestId,
    };
    let opened: SignedIn;
    try {
      assertSameOrigin(request, publicOrigin);
      const body = parsedAs(signInSchema, await readJsonBody(request, maxBodyBytes));
      opened = await signIn.signIn({ ...body, newPassword: body.new_password });
    } catch (error) {
      if (error instanceof RejectedError) {
        await accessLog.record({ ...decision, principal: undefined, allowed: false, code: codeOf(error) });
      }
      throw error;
    }
    const principal = principalOfUser(opened.user);
    await accessLog.record({ ...decision, principal, allowed: true, code: undefined });
    setSessionCookie(response, opened.token);
    response.status(201).json(presentSession(principal, sessions.csrfToken(opened.token)));
  };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof SdpError ? error.code : undefined;
}

/** @throws {RejectedError} `forbidden` with a key, which has no account */
function ownSession(
  request: Request,
  response: Response,
): { readonly token: string; readonly id: string; readonly name: string } {
  const { kind, id, name } = principalOf(response);
  const token = sessionTokenOf(request);
  if (kind !== 'user' || token === undefined) throw new RejectedError('forbidden');
  return { token, id, name };
}

function csrfTokenOf(request: Request, response: Response, sessions: SessionStore): string | null {
  const token = principalOf(response).kind === 'user' ? sessionTokenOf(request) : undefined;
  return token === undefined ? null : sessions.csrfToken(token);
}
