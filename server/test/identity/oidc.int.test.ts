import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { identityOf, makeUser } from './signed-in-user.ts';

const publicUrl = 'https://sdp.example';
const callback = `${publicUrl}/api/v1/session/oidc/callback`;

interface Provider {
  callback(): (request: unknown, response: unknown) => void;
}

/** A provider of OpenID Connect by others (npm: oidc-provider), with its forms for development: any name signs in. */
async function startProvider(): Promise<{ issuer: string; server: Server; verified: Set<string> }> {
  const name: string = 'oidc-provider';
  const { Provider } = (await import(name)) as { Provider: new (issuer: string, settings: object) => Provider };
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const verified = new Set<string>();
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'sdp', client_secret: 'a-secret-of-a-test', redirect_uris: [callback] }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'] },
    pkce: { required: () => true },
    cookies: { keys: ['a-key-of-a-test'] },
    findAccount: async (_context: unknown, id: string) => ({
      accountId: id,
      claims: async () => ({
        sub: id,
        email: `${id.replace(/-again$/, '')}@example.org`,
        email_verified: verified.has(id),
      }),
    }),
  });
  server.on('request', provider.callback());
  return { issuer, server, verified };
}

let provider: Awaited<ReturnType<typeof startProvider>>;
let server: RunningServer;
beforeAll(async () => {
  provider = await startProvider();
  server = await startServer({
    environment: {
      ...{ SDP_PUBLIC_URL: publicUrl, SDP_OIDC_ISSUER: provider.issuer },
      ...{ SDP_OIDC_CLIENT_ID: 'sdp', SDP_OIDC_CLIENT_SECRET: 'a-secret-of-a-test' },
    },
  });
});
afterAll(async () => {
  await server.stop();
  provider.server.close();
  provider.server.closeAllConnections();
});

async function begin(query = '') {
  const response = await fetch(`${server.url}/api/v1/session/oidc${query}`, { redirect: 'manual' });
  return {
    response,
    url: response.headers.get('location') ?? '',
    cookie: response.headers.get('set-cookie')?.split(';')[0] ?? '',
  };
}

/** What a browser does at the provider: it signs in there, agrees, and is sent back. @returns the address it is sent to */
async function atProvider(start: string, name: string): Promise<string> {
  const jar = new Map<string, string>();
  let url = start;
  let form: Record<string, string> | undefined;
  for (let step = 0; step < 12; step++) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { Cookie: [...jar].map(([key, value]) => `${key}=${value}`).join('; ') },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    });
    for (const each of response.headers.getSetCookie()) {
      const [key = '', ...value] = (each.split(';')[0] ?? '').split('=');
      jar.set(key, value.join('='));
    }
    const location = response.headers.get('location');
    if (location?.startsWith(publicUrl)) return location;
    if (location !== null) {
      url = new URL(location, provider.issuer).href;
      form = undefined;
      continue;
    }
    const page = await response.text();
    url = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? '', provider.issuer).href;
    form = page.includes('name="login"') ? { prompt: 'login', login: name, password: 'x' } : { prompt: 'consent' };
  }
  throw new Error('the provider did not send the browser back');
}

async function back(address: string, cookie: string) {
  const { pathname, search } = new URL(address);
  const response = await fetch(server.url + pathname + search, { headers: { Cookie: cookie } });
  const text = await response.text();
  const session = response.headers.getSetCookie().find((each) => each.startsWith('__Host-sdp_session='));
  return { status: response.status, text, session: session?.split(';')[0] };
}

function changed(cookie: string): string {
  return cookie.slice(0, 60) + (cookie[60] === 'A' ? 'B' : 'A') + cookie.slice(61);
}

async function makeElsewhere(name: string) {
  const accounts = identityOf(server).accounts;
  return accounts.add({ kind: 'operator', id: 'test' }, name, { role: 'DataAnalyst', tenants: '*' }, undefined);
}

async function signInAs(name: string, query = '') {
  const { url, cookie } = await begin(query);
  return back(await atProvider(url, name), cookie);
}

describe('signing in with a provider of OpenID Connect', () => {
  it('asks it for a code, with PKCE, state and nonce that only this browser has', async () => {
    const { response, url, cookie } = await begin();
    expect(response.status).toBe(302);
    const query = Object.fromEntries(new URL(url).searchParams);
    expect(url.startsWith(provider.issuer)).toBe(true);
    expect(query).toMatchObject({
      client_id: 'sdp',
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: callback,
    });
    const other = Object.fromEntries(new URL((await begin()).url).searchParams);
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(query[name]).toMatch(/^[A-Za-z0-9_-]{43}$/);
      expect(other[name]).not.toBe(query[name]);
      expect(cookie).not.toContain(query[name]);
    }
    expect(response.headers.get('set-cookie')).toMatch(/^__Host-sdp_oidc=.*; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
  });

  it('opens a session for the user of that name, and from then on for that account alone', async () => {
    provider.verified.add('mia').add('mia-again');
    const user = await makeElsewhere('mia@example.org');
    const first = await signInAs('mia');
    expect([first.status, JSON.parse(first.text)]).toMatchObject([200, { id: user.user_id, role: 'DataAnalyst' }]);
    const who = await fetch(`${server.url}/api/v1/session`, { headers: { Cookie: first.session ?? '' } });
    expect(await who.json()).toMatchObject({ id: user.user_id });
    expect((await signInAs('mia')).status).toBe(200);
    // Another account of the provider that has come to the same address.
    const other = await signInAs('mia-again');
    expect([other.status, JSON.parse(other.text).code, other.session]).toEqual([401, 'sign-in-refused', undefined]);
    await server.platform.pool.query("UPDATE users SET state = 'disabled' WHERE user_id = $1", [user.user_id]);
    expect((await signInAs('mia')).status).toBe(401);
  });

  it('lets nobody in by an address that was not checked, by the name of somebody with a password, or unknown', async () => {
    await makeElsewhere('nils@example.org');
    expect((await signInAs('nils')).status).toBe(401);
    provider.verified.add('nils').add('olga').add('stranger');
    await makeUser(server, 'olga@example.org', 'Admin');
    expect((await signInAs('olga')).status).toBe(401);
    expect((await signInAs('stranger')).status).toBe(401);
    expect((await signInAs('nils')).status).toBe(200);
  });

  it('takes no answer that this browser did not ask for, and none twice', async () => {
    provider.verified.add('pia');
    await makeElsewhere('pia@example.org');
    const [mine, theirs] = [await begin(), await begin()];
    const address = await atProvider(mine.url, 'pia');
    for (const cookie of ['', '__Host-sdp_oidc=', '__Host-sdp_oidc=AAAA', theirs.cookie, changed(mine.cookie)]) {
      const answer = await back(address, cookie);
      expect([cookie.slice(0, 20), answer.status, answer.session]).toEqual([cookie.slice(0, 20), 401, undefined]);
    }
    expect((await back(`${callback}?error=access_denied&state=x`, mine.cookie)).status).toBe(401);
    expect((await back(address, mine.cookie)).status).toBe(200);
    expect((await back(address, mine.cookie)).status).toBe(401);
  });

  it('leads on to a page of this server, and to no other', async () => {
    provider.verified.add('quin');
    await makeElsewhere('quin@example.org');
    const answer = await signInAs('quin', '?return_to=/dashboard?a=1%26b=2');
    expect(answer.text).toContain('content="0;url=/dashboard?a=1&amp;b=2"');
    expect(answer.session).toBeDefined();
    for (const elsewhere of ['//evil.example', '/\\evil.example', 'https://evil.example', '/"><script>', 'x']) {
      const { response } = await begin(`?return_to=${encodeURIComponent(elsewhere)}`);
      expect([elsewhere, response.status]).toEqual([elsewhere, 422]);
    }
  });

  it('tells in the access log who was let in and that others were not', async () => {
    const { rows } = await server.platform.pool.query(
      "SELECT allowed, code, principal_kind FROM access_log WHERE resource = 'GET /api/v1/session/oidc/callback'",
    );
    expect(rows).toContainEqual({ allowed: true, code: null, principal_kind: 'user' });
    expect(rows).toContainEqual({ allowed: false, code: 'sign-in-refused', principal_kind: 'none' });
    expect(server.log.join('')).not.toMatch(/a-secret-of-a-test|[?&]code=/);
  });
});

it('a provider that is away is said to be so, and asked again later', async () => {
  const away = await startServer({
    environment: { SDP_PUBLIC_URL: publicUrl, SDP_OIDC_ISSUER: 'http://127.0.0.1:9', SDP_OIDC_CLIENT_ID: 'sdp' },
  });
  try {
    const response = await fetch(`${away.url}/api/v1/session/oidc`, { redirect: 'manual' });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([503, 'oidc-unavailable']);
  } finally {
    await away.stop();
  }
});
