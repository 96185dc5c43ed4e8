import type { Request, Response } from 'express';

/** `__Host-`: a browser takes it over TLS (or from localhost) alone, for this host alone, and no other host can set it. */
const cookieName = '__Host-sdp_session';
const attributes = 'Path=/; Secure; HttpOnly; SameSite=Strict';

/** @returns the token, or undefined where there is none, or more than one */
export function sessionTokenOf(request: Request): string | undefined {
  const given = (request.get('cookie') ?? '')
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part.startsWith(`${cookieName}=`));
  return given.length === 1 ? given[0]?.slice(cookieName.length + 1) : undefined;
}

/** For as long as the browser runs; the server ends the session by itself. */
export function setSessionCookie(response: Response, token: string): void {
  response.append('Set-Cookie', `${cookieName}=${token}; ${attributes}`);
}

export function clearSessionCookie(response: Response): void {
  response.append('Set-Cookie', `${cookieName}=; Max-Age=0; ${attributes}`);
}
