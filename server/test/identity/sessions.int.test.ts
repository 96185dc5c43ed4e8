import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stepAt, totpCode } from '../../src/identity/second-factor/totp-rules.ts';
import { bootstrapApiKey, type RunningServer, startServer } from '../support/running-server.ts';
import { browse, call, makeUser, password, signIn } from './signed-in-user.ts';

let server: RunningServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

describe('signing in', () => {
  it('opens a session by a cookie that no page and no other host can read or set', async () => {
    const user = await makeUser(server, 'Ana', 'DataAnalyst');
    const answer = await signIn(server, 'ANA');
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      kind: 'user',
      id: user.user_id,
      name: 'ana',
      role: 'DataAnalyst',
      tenants: '*',
    });
    const [cookie, ...attributes] = (answer.headers.get('set-cookie') ?? '').split('; ');
    expect(cookie).toMatch(/^__Host-sdp_session=[A-Za-z0-9_-]{43}$/);
    expect(attributes.sort()).toEqual(['HttpOnly', 'Path=/', 'SameSite=Strict', 'Secure']);

    const { rows } = await server.platform.pool.query('SELECT token_sha256, password_hash FROM user_session, users');
    expect(JSON.stringify(rows)).not.toContain(cookie?.split('=')[1]);
    expect(rows[0].password_hash).toMatch(/^\$argon2id\$/);
    const ana = await browse(server, 'ana');
    expect((await ana.fetch('/api/v1/session')).body).toMatchObject({ name: 'ana', csrf_token: ana.csrfToken });
    expect((await ana.fetch('/api/v1/jobs')).status).toBe(200);
  });

  it('tells nobody whether it was the name or the password', async () => {
    await makeUser(server, 'bea', 'DataAnalyst');
    const disabled = await makeUser(server, 'gone', 'DataAnalyst');
    await server.platform.pool.query("UPDATE users SET state = 'disabled' WHERE user_id = $1", [disabled.user_id]);
    const answers = [
      await signIn(server, 'bea', { password: 'not the password at all' }),
      await signIn(server, 'nobody'),
      await signIn(server, 'gone'),
      await signIn(server, "bea' OR 1=1 --"),
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(401);
      expect({ ...body, request_id: '' }).toEqual({ ...answers[0]?.body, request_id: '' });
    }
    expect(answers[0]?.body.code).toBe('sign-in-refused');
  });

  it('gets slower with every failure, for names that exist and names that don’t, and right passwords then wait as well', async () => {
    await makeUser(server, 'cleo', 'DataAnalyst');
    for (const name of ['cleo', 'nobody-at-all']) {
      const codes: string[] = [];
      for (let i = 0; i < 7; i++) codes.push((await signIn(server, name, { password: 'wrong wrong wrong' })).body.code);
      expect(codes.slice(0, 6)).toEqual(Array(6).fill('sign-in-refused'));
      expect(codes[6]).toBe('sign-in-blocked');
      await server.platform.pool.query("UPDATE sign_in_failure SET blocked_until = blocked_until + interval '1 hour'");
      const blocked = await signIn(server, name);
      expect([blocked.status, blocked.body.code]).toEqual([429, 'sign-in-blocked']);
      expect(Number(blocked.headers.get('retry-after'))).toBeGreaterThan(3_000);
    }
    await server.platform.pool.query("UPDATE sign_in_failure SET blocked_until = 'epoch'");
    expect((await signIn(server, 'cleo')).status).toBe(201);
    expect((await signIn(server, 'cleo', { password: 'wrong wrong wrong' })).body.code).toBe('sign-in-refused');
  });

  it('counts attempts made at once', async () => {
    const attempts = await Promise.all(
      Array.from({ length: 20 }, () => signIn(server, 'at-once', { password: 'wrong wrong wrong' })),
    );
    const refused = attempts.filter(({ body }) => body.code === 'sign-in-refused');
    expect(refused.length).toBeLessThanOrEqual(6);
  });

  it('with a password that somebody else gave takes another one', async () => {
    const user = await makeUser(server, 'dora', 'DataAnalyst');
    await server.platform.pool.query('UPDATE users SET password_is_initial = true WHERE user_id = $1', [user.user_id]);
    expect((await signIn(server, 'dora')).body.code).toBe('new-password-needed');
    expect((await signIn(server, 'dora', { new_password: password })).body.code).toBe('new-password-needed');
    expect((await signIn(server, 'dora', { new_password: 'short' })).body.code).toBe('request-invalid');
    expect((await signIn(server, 'dora', { new_password: 'a password of my own' })).status).toBe(201);
    expect((await signIn(server, 'dora')).body.code).toBe('sign-in-refused');
    expect((await signIn(server, 'dora', { password: 'a password of my own' })).status).toBe(201);
  });

  it('from another site is refused', async () => {
    await makeUser(server, 'eve', 'DataAnalyst');
    const body = { name: 'eve', password };
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'cross-site' },
    ]) {
      const answer = await call(server, '/api/v1/session', { method: 'POST', body, headers });
      expect([answer.status, answer.body.code]).toEqual([403, 'cross-site-refused']);
    }
  });
});

describe('a session', () => {
  it('changes nothing without proof that the page is this server’s', async () => {
    await makeUser(server, 'finn', 'DataAnalyst');
    const finn = await browse(server, 'finn');
    const other = await browse(server, 'finn');
    const own = new URL(server.url).origin;
    const tries: [headers: Record<string, string>, status: number][] = [
      [{ 'X-CSRF-Token': '' }, 403],
      [{ 'X-CSRF-Token': other.csrfToken }, 403],
      [{ 'X-CSRF-Token': finn.csrfToken, Origin: 'https://evil.example' }, 403],
      [{ 'X-CSRF-Token': finn.csrfToken, Origin: own.replace('http', 'https').replace(/\d$/, '') }, 403],
      [{ 'X-CSRF-Token': finn.csrfToken, 'Sec-Fetch-Site': 'same-site' }, 403],
      [{ 'X-CSRF-Token': finn.csrfToken, Origin: own, 'Sec-Fetch-Site': 'same-origin' }, 200],
      [{ 'X-CSRF-Token': finn.csrfToken }, 200],
    ];
    for (const [headers, status] of tries) {
      const answer = await call(server, '/api/v1/session/second-factor', {
        method: 'POST',
        headers: { Cookie: finn.cookie, ...headers },
      });
      expect([headers, answer.status]).toEqual([headers, status]);
    }
  });

  it('is over when it is signed out, was left alone too long, or has lasted long enough', async () => {
    await makeUser(server, 'gil', 'DataAnalyst');
    const [one, two, three, four] = await Promise.all([1, 2, 3, 4].map(() => browse(server, 'gil')));
    const status = async (browser = one) => (await browser?.fetch('/api/v1/session'))?.status;
    expect((await one?.fetch('/api/v1/session', { method: 'DELETE' }))?.status).toBe(204);
    const age = (column: string, browser = one) =>
      server.platform.pool.query(
        `UPDATE user_session SET ${column} WHERE token_sha256 = sha256(convert_to($1, 'UTF8'))`,
        [browser?.cookie.split('=')[1]],
      );
    await age("used_at = now() - interval '31 minutes'", two);
    await age("ends_at = now() - interval '1 second'", three);
    expect([await status(one), await status(two), await status(three), await status(four)]).toEqual([
      401, 401, 401, 200,
    ]);
    await age("used_at = now() - interval '29 minutes'", four);
    expect(await status(four)).toBe(200);
    const { rows } = await server.platform.pool.query(
      "SELECT max(used_at) > now() - interval '1 minute' AS noted FROM user_session",
    );
    expect(rows[0].noted).toBe(true);
  });

  it('has limits that the settings give', () => {
    expect(server.platform.settings.sessions).toEqual({ idleMinutes: 30, maxHours: 12 });
  });

  it.each(['', 'x', 'A'.repeat(43), `${'A'.repeat(43)}; __Host-sdp_session=${'B'.repeat(43)}`])(
    'is not opened by the cookie %j',
    async (value) => {
      const answer = await call(server, '/api/v1/session', { headers: { Cookie: `__Host-sdp_session=${value}` } });
      expect(answer.status).toBe(401);
    },
  );

  it('is not taken where two cookies are sent', async () => {
    await makeUser(server, 'hana', 'DataAnalyst');
    const hana = await browse(server, 'hana');
    const answer = await call(server, '/api/v1/session', { headers: { Cookie: `${hana.cookie}; ${hana.cookie}` } });
    expect(answer.status).toBe(401);
  });

  it('can’t be had with a key, which has no account', async () => {
    const headers = { 'X-API-Key': bootstrapApiKey };
    expect((await call(server, '/api/v1/session', { headers })).body).toMatchObject({ kind: 'key', csrf_token: null });
    const answer = await call(server, '/api/v1/session', { method: 'DELETE', headers });
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  });
});

describe('a password', () => {
  it('is changed by who knows it, and that ends the other sessions', async () => {
    await makeUser(server, 'ida', 'DataAnalyst');
    const [one, other] = [await browse(server, 'ida'), await browse(server, 'ida')];
    const change = (body: object) => one.fetch('/api/v1/session/password', { method: 'PUT', body });
    const next = 'another password of mine';
    expect((await change({ password: 'not the password at all', new_password: next })).body.code).toBe(
      'sign-in-refused',
    );
    expect((await change({ password, new_password: 'short' })).body.code).toBe('request-invalid');
    expect((await change({ password, new_password: next })).status).toBe(204);
    expect((await one.fetch('/api/v1/session')).status).toBe(200);
    expect((await other.fetch('/api/v1/session')).status).toBe(401);
    expect((await signIn(server, 'ida', { password: next })).status).toBe(201);
  });
});

describe('a second factor', () => {
  it('is asked for once it was confirmed; no code counts twice; recovery codes count once', async () => {
    await makeUser(server, 'jon', 'DataAnalyst');
    const jon = await browse(server, 'jon');
    const path = '/api/v1/session/second-factor';
    const { secret, uri } = (await jon.fetch(path, { method: 'POST' })).body;
    expect(uri).toContain(`secret=${secret}`);
    const bytes = fromBase32(secret);
    const now = () => stepAt(Date.now());
    const first = totpCode(bytes, now() - 1);
    expect((await signIn(server, 'jon')).status).toBe(201);
    expect((await jon.fetch(path, { method: 'PUT', body: { code: '000000' } })).status).toBe(401);
    const confirmed = await jon.fetch(path, { method: 'PUT', body: { code: first } });
    expect(confirmed.status).toBe(200);
    const codes = confirmed.body.recovery_codes as string[];
    expect(new Set(codes).size).toBe(10);
    expect((await jon.fetch(path, { method: 'POST' })).body.code).toBe('second-factor-present');

    expect((await signIn(server, 'jon')).body.code).toBe('second-factor-needed');
    expect((await signIn(server, 'jon', { code: first })).body.code).toBe('sign-in-refused');
    const code = totpCode(bytes, now());
    const both = await Promise.all([signIn(server, 'jon', { code }), signIn(server, 'jon', { code })]);
    expect(both.map(({ status }) => status).sort()).toEqual([201, 401]);
    expect((await signIn(server, 'jon', { code: codes[3]?.toLowerCase().replaceAll('-', ' ') })).status).toBe(201);
    expect((await signIn(server, 'jon', { code: codes[3] })).body.code).toBe('sign-in-refused');

    const { rows } = await server.platform.pool.query("SELECT * FROM users WHERE name = 'jon'");
    expect(JSON.stringify(rows)).not.toContain(bytes.toString('hex'));
    expect(rows[0].recovery_hmacs).toHaveLength(9);
    const removal = { password, code: codes[4] };
    expect((await jon.fetch(path, { method: 'DELETE', body: { ...removal, code: codes[3] } })).status).toBe(401);
    expect((await jon.fetch(path, { method: 'DELETE', body: removal })).status).toBe(204);
    expect((await signIn(server, 'jon')).status).toBe(201);
  });
});

describe('the trails', () => {
  it('tell of sessions that were opened and refused, and never of a password, a code or a name that nobody has', async () => {
    const { rows: audit } = await server.platform.pool.query('SELECT action, detail, subject FROM audit_event');
    const actions = new Set(audit.map(({ action }) => action));
    for (const action of ['user.created', 'session.opened', 'session.refused', 'session.closed', 'user.totp-changed']) {
      expect(actions).toContain(action);
    }
    const { rows: access } = await server.platform.pool.query(
      "SELECT * FROM access_log WHERE resource = 'POST /api/v1/session'",
    );
    expect(new Set(access.map(({ code }) => code))).toContain('sign-in-refused');
    expect(access.some(({ allowed, principal_kind }) => allowed && principal_kind === 'user')).toBe(true);
    const all = JSON.stringify([audit, access, server.log]);
    expect(all).not.toMatch(/correct horse|wrong wrong|nobody-at-all|__Host-sdp_session=[A-Za-z0-9]/);
    const errors = server.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(errors).toEqual([]);
  });
});

function fromBase32(text: string): Buffer {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text].map((each) => alphabet.indexOf(each).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((each) => Number.parseInt(each, 2)));
}
