import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultScopesOf } from '../../src/identity/index.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { type Browser, browse, call, makeUser, password, signIn } from './signed-in-user.ts';

let server: RunningServer;
let admin: Browser;
beforeAll(async () => {
  server = await startServer();
  await makeUser(server, 'root-admin', 'Admin');
  admin = await browse(server, 'root-admin');
});
afterAll(() => server.stop());

const users = '/api/v1/users';
const post = (body: object) => admin.fetch(users, { method: 'POST', body });

describe('users', () => {
  it('are made, seen, changed and disabled by Admins, and every deed stands in the audit trail', async () => {
    const made = await post({ name: 'Ana@Example.org', role: 'DataAnalyst', tenants: ['acme'], password });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      name: 'ana@example.org',
      role: 'DataAnalyst',
      tenants: ['acme'],
      state: 'active',
    });
    const one = `${users}/${made.body.user_id}`;
    expect(made.headers.get('location')).toBe(one);
    expect((await admin.fetch(one)).body).toEqual(made.body);
    const ana = await browse(server, 'ana@example.org', { new_password: `${password} 2` });
    expect((await ana.fetch('/api/v1/jobs')).status).toBe(200);

    const changed = await admin.fetch(one, { method: 'PATCH', body: { role: 'Client', client_id: 'acme' } });
    expect(changed.body).toMatchObject({ role: 'Client', client_id: 'acme', tenants: ['acme'] });
    expect((await ana.fetch('/api/v1/session')).status).toBe(401);
    expect((await admin.fetch(one, { method: 'PATCH', body: { state: 'disabled' } })).body.state).toBe('disabled');
    expect((await signIn(server, 'ana@example.org', { password: `${password} 2` })).status).toBe(401);
    expect((await admin.fetch(one, { method: 'PATCH', body: { state: 'active' } })).status).toBe(200);
    const next = { password: 'given by an admin' };
    expect((await admin.fetch(`${one}/password`, { method: 'PUT', body: next })).status).toBe(204);
    expect((await signIn(server, 'ana@example.org', next)).body.code).toBe('new-password-needed');
    expect((await admin.fetch(`${one}/second-factor`, { method: 'DELETE' })).status).toBe(204);

    const { rows } = await server.platform.pool.query(
      "SELECT action, actor_kind, actor_id FROM audit_event WHERE subject = $1 AND action LIKE 'user.%' ORDER BY audit_id",
      [made.body.user_id],
    );
    const deeds = ['created', 'password-changed', 'changed', 'disabled', 'changed', 'password-changed', 'totp-changed'];
    expect(rows.map(({ action }) => action)).toEqual(deeds.map((deed) => `user.${deed}`));
    const { rows: own } = await server.platform.pool.query("SELECT user_id FROM users WHERE name = 'root-admin'");
    const others = rows.filter(({ actor_id }) => actor_id !== made.body.user_id);
    expect(new Set(others.map(({ actor_kind, actor_id }) => `${actor_kind} ${actor_id}`))).toEqual(
      new Set([`user ${own[0].user_id}`]),
    );
  });

  it.each([
    [{ name: 'x y', role: 'DataAnalyst', tenants: '*' }, 422],
    [{ name: 'bea', role: 'Superuser', tenants: '*' }, 422],
    [{ name: 'bea', role: 'DataAnalyst' }, 422],
    [{ name: 'bea', role: 'DataAnalyst', client_id: 'acme' }, 422],
    [{ name: 'bea', role: 'DataAnalyst', tenants: [] }, 422],
    [{ name: 'bea', role: 'DataAnalyst', tenants: ['*'] }, 422],
    [{ name: 'bea', role: 'Client', tenants: '*' }, 422],
    [{ name: 'bea', role: 'Client', client_id: 'acme', tenants: ['acme'] }, 422],
    [{ name: 'bea', role: 'Client', client_id: "a'b" }, 422],
    [{ name: 'bea', role: 'Client', client_id: 'acme', password: 'short' }, 422],
    [{ name: 'bea', role: 'Client', client_id: 'acme', state: 'active' }, 422],
    [{ name: 'ROOT-ADMIN', role: 'Client', client_id: 'acme' }, 409],
  ])('are not made from %j', async (body, status) => {
    expect((await post(body)).status).toBe(status);
  });

  it('always have an Admin among them, also when two are changed at once', async () => {
    const { rows } = await server.platform.pool.query("SELECT user_id FROM users WHERE name = 'root-admin'");
    const own = `${users}/${rows[0].user_id}`;
    for (const body of [
      { state: 'disabled' },
      { role: 'DataAnalyst', tenants: '*' },
      { role: 'Admin', tenants: ['acme'] },
    ]) {
      const answer = await admin.fetch(own, { method: 'PATCH', body });
      expect([answer.status, answer.body.code]).toEqual([409, 'last-admin']);
    }
    const other = await makeUser(server, 'other-admin', 'Admin');
    const second = await browse(server, 'other-admin');
    const answers = await Promise.all([
      admin.fetch(`${users}/${other.user_id}`, { method: 'PATCH', body: { state: 'disabled' } }),
      second.fetch(own, { method: 'PATCH', body: { state: 'disabled' } }),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const { rows: left } = await server.platform.pool.query(
      "SELECT count(*)::int AS n FROM users WHERE role = 'Admin' AND state = 'active'",
    );
    expect(left[0].n).toBe(1);
    await server.platform.pool.query("UPDATE users SET state = 'active' WHERE role = 'Admin'");
    admin = await browse(server, 'root-admin');
  });

  it('are listed page by page, each once', async () => {
    for (let i = 0; i < 5; i++) await makeUser(server, `page-${i}`, 'DataAnalyst');
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { body: { users: { name: string }[]; next_cursor: string | null } } = await admin.fetch(
        `${users}?limit=2${cursor && `&cursor=${cursor}`}`,
      );
      seen.push(...page.body.users.map(({ name }) => name));
      cursor = page.body.next_cursor;
    }
    const { rows } = await server.platform.pool.query('SELECT name FROM users ORDER BY name');
    expect(seen).toEqual(rows.map(({ name }) => name));
    for (const query of ['limit=0', 'limit=x', 'cursor=%22', 'other=1']) {
      expect([query, (await admin.fetch(`${users}?${query}`)).status]).toEqual([query, 422]);
    }
  });

  it('that are not there are not found', async () => {
    for (const id of ['00000000-0000-4000-8000-000000000000', 'x', "1' OR 1=1"]) {
      expect((await admin.fetch(`${users}/${encodeURIComponent(id)}`)).status).toBe(404);
    }
  });
});

describe('keys', () => {
  it('are made for a role, listed without what opens anything, and revoked', async () => {
    const body = { role: 'SecurityAuditor', tenants: ['acme'], label: 'collector', scopes: ['audit:read'] };
    const made = await admin.fetch('/api/v1/keys', { method: 'POST', body });
    expect(made.status).toBe(201);
    const headers = { 'X-API-Key': made.body.api_key };
    expect((await call(server, '/api/v1/access-log', { headers })).status).toBe(200);
    expect((await call(server, '/api/v1/jobs', { headers })).status).toBe(403);
    const listed = await admin.fetch('/api/v1/keys');
    expect(listed.body.keys).toContainEqual(expect.objectContaining({ key_id: made.body.key_id, ...body }));
    expect(JSON.stringify(listed.body)).not.toContain(made.body.api_key.slice(30));
    const one = `/api/v1/keys/${made.body.key_id}`;
    expect((await admin.fetch(one, { method: 'DELETE' })).status).toBe(204);
    expect((await call(server, '/api/v1/access-log', { headers })).status).toBe(401);
    expect((await admin.fetch(one, { method: 'DELETE' })).status).toBe(204);
    expect((await admin.fetch('/api/v1/keys/none', { method: 'DELETE' })).status).toBe(404);
    const { rows } = await server.platform.pool.query('SELECT action FROM audit_event WHERE subject = $1', [
      made.body.key_id,
    ]);
    expect(rows.map(({ action }) => action)).toEqual(['api-key.created', 'api-key.revoked']);
  });

  it('have all scopes of their role where none are named, and never vault:copy', async () => {
    const made = await admin.fetch('/api/v1/keys', { method: 'POST', body: { role: 'Client', client_id: 'acme' } });
    const key = (await server.keys.list()).find(({ keyId }) => keyId === made.body.key_id);
    expect(key?.scopes).toEqual(defaultScopesOf('Client'));
    expect(key?.scopes).not.toContain('vault:copy');
  });

  it.each([
    { role: 'Client' },
    { client_id: 'acme' },
    { role: 'Admin', client_id: 'acme' },
    { role: 'Client', client_id: 'acme', expires_at: '2020-01-01T00:00:00Z' },
  ])('are not made from %j', async (body) => {
    expect((await admin.fetch('/api/v1/keys', { method: 'POST', body })).status).toBe(422);
  });
});
