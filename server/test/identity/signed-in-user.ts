import type { SessionView, UserView } from '@sdp/shared/contracts';
import type { Role } from '../../src/identity/index.ts';
import { createIdentity } from '../../src/identity/index.ts';
import type { RunningServer } from '../support/running-server.ts';

export const password = 'correct horse battery staple';

/** A browser with one cookie. */
export interface Browser {
  readonly user: UserView;
  readonly csrfToken: string;
  readonly cookie: string;
  fetch(path: string, init?: { method?: string; body?: unknown; headers?: Record<string, string> }): Promise<Answer>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers
  readonly body: any;
}

export function identityOf({ platform }: RunningServer) {
  const { pool, serverKey, recordAudit, settings } = platform;
  return createIdentity({ pool, serverKey, recordAudit, sessionLimits: settings.sessions });
}

/** A user with {@link password}, which counts as chosen by the user. */
export async function makeUser(
  server: RunningServer,
  name: string,
  role: Role,
  owner: { readonly clientId?: string; readonly tenants?: readonly string[] | '*' } = {},
) {
  const { clientId = 'acme', tenants = '*' } = owner;
  const whose = role === 'Client' ? { role, clientId } : { role, tenants };
  const user = await identityOf(server).accounts.add({ kind: 'operator', id: 'test' }, name, whose, password);
  await server.platform.pool.query('UPDATE users SET password_is_initial = false WHERE user_id = $1', [user.user_id]);
  return user;
}

export async function call(
  server: RunningServer,
  path: string,
  { method = 'GET', body, headers = {} }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') ?? false;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

export function signIn(server: RunningServer, name: string, more: object = {}): Promise<Answer> {
  return call(server, '/api/v1/session', { method: 'POST', body: { name, password, ...more } });
}

/** A browser in which the user is signed in. */
export async function browse(server: RunningServer, name: string, more: object = {}): Promise<Browser> {
  const answer = await signIn(server, name, more);
  if (answer.status !== 201) throw new Error(`signing in was answered with ${answer.status}`);
  const session = answer.body as SessionView;
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  return {
    user: answer.body as UserView,
    csrfToken: session.csrf_token ?? '',
    cookie,
    fetch: (path, { method = 'GET', body, headers = {} } = {}) =>
      call(server, path, {
        ...{ method, body },
        headers: { Cookie: cookie, ...(method !== 'GET' && { 'X-CSRF-Token': session.csrf_token ?? '' }), ...headers },
      }),
  };
}
