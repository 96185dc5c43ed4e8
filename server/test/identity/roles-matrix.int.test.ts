import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultScopesOf, type ListedRoute, type Role, roles } from '../../src/identity/index.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { call, identityOf, makeUser } from './signed-in-user.ts';

/** Who may do what, as it is meant: written down apart from the table in the code. */
const all = [...roles];
const readers: Role[] = ['DataEngineer', 'DataAnalyst', 'SecurityAuditor', 'Client'];
const meant: Record<string, readonly Role[]> = {
  'GET /api/v1/session': all,
  'DELETE /api/v1/session': all,
  'PUT /api/v1/session/password': all,
  'POST /api/v1/session/second-factor': all,
  'PUT /api/v1/session/second-factor': all,
  'DELETE /api/v1/session/second-factor': all,
  'GET /api/v1/server-info': all,

  'GET /api/v1/users': ['Admin'],
  'POST /api/v1/users': ['Admin'],
  'GET /api/v1/users/:userId': ['Admin'],
  'PATCH /api/v1/users/:userId': ['Admin'],
  'PUT /api/v1/users/:userId/password': ['Admin'],
  'DELETE /api/v1/users/:userId/second-factor': ['Admin'],
  'GET /api/v1/keys': ['Admin'],
  'POST /api/v1/keys': ['Admin'],
  'DELETE /api/v1/keys/:keyId': ['Admin'],

  'POST /api/v1/process': ['DataEngineer', 'Client'],
  'GET /api/v1/batches': readers,
  'GET /api/v1/batches/:batchId': readers,
  'GET /api/v1/results/:batchId': readers,

  'POST /api/v1/jobs/upload': ['DataEngineer', 'Client'],
  'GET /api/v1/jobs': readers,
  'GET /api/v1/jobs/:jobId': readers,
  'GET /api/v1/jobs/:jobId/records': readers,
  'GET /api/v1/jobs/:jobId/export': readers,
  'GET /api/v1/records/:recordId': readers,
  'GET /api/v1/records/:recordId/history': readers,
  'PUT /api/v1/records/:recordId': ['DataEngineer'],
  'POST /api/v1/records/:recordId/proposals': ['DataEngineer', 'DataAnalyst'],
  'GET /api/v1/proposals': ['DataEngineer', 'DataAnalyst', 'SecurityAuditor'],
  'GET /api/v1/proposals/:proposalId': ['DataEngineer', 'DataAnalyst', 'SecurityAuditor'],
  'POST /api/v1/proposals/:proposalId/approve': ['DataEngineer'],
  'POST /api/v1/proposals/:proposalId/reject': ['DataEngineer'],
  'GET /api/v1/access-log': ['SecurityAuditor'],
  'GET /api/v1/integrity': ['DataEngineer', 'SecurityAuditor'],
  'GET /api/v1/integrity/inclusion': ['SecurityAuditor'],
  'GET /api/v1/integrity/consistency': ['SecurityAuditor'],
  'GET /api/v1/quality/:jobId': readers,

  'POST /api/v1/transactions': ['Client'],
  'POST /api/v1/transactions/:transactionId/outcome': ['Client'],
  'GET /api/v1/transactions/:transactionId': readers,
  'GET /api/v1/transactions/stream': readers,
  'POST /api/v1/events': ['Client'],
  'GET /api/v1/events': readers,
  'GET /api/v1/events/stream': readers,
  'GET /api/v1/stats': readers,
  'GET /api/v1/alerts': readers,

  'GET /api/v1/anomalies': readers,
  'GET /api/v1/anomalies/stream': readers,
  'GET /api/v1/anomalies/:anomalyId': readers,
  'POST /api/v1/anomalies/:anomalyId/acknowledge': ['DataEngineer', 'DataAnalyst'],
  'POST /api/v1/anomalies/:anomalyId/resolve': ['DataEngineer', 'DataAnalyst'],

  'GET /api/v1/notifications': ['DataEngineer', 'DataAnalyst', 'SecurityAuditor'],
  'GET /api/v1/silences': ['DataEngineer'],
  'POST /api/v1/silences': ['DataEngineer'],
  'DELETE /api/v1/silences/:silenceId': ['DataEngineer'],

  'GET /metrics': ['DataEngineer', 'SecurityAuditor'],

  'GET /api/v1/vault-copy': ['Client'],
  'DELETE /api/v1/vault-copy': ['Client'],
  'POST /api/v1/vault-copy/entries': ['Client'],
  'GET /api/v1/vault-copy/entries': ['Client'],
  'POST /api/v1/vault-copy/erasures': ['Client'],
  'GET /api/v1/vault-copy/erasures': ['Client'],
  'POST /api/v1/vault-copy/lookup': ['Client'],
};

const open = [
  'GET /health',
  'GET /healthz',
  'GET /openapi.json',
  'GET /readyz',
  // Authenticates by itself, and only in dev.
  'POST /dev/process-batch/:batchId',
  'POST /api/v1/session',
];

let server: RunningServer;
beforeAll(async () => {
  server = await startServer({ roles: ['anomaly'], environment: { SDP_METRICS_OPEN: 'no' } });
});
afterAll(() => server.stop());

const nameOf = ({ method, path }: ListedRoute) => `${method} ${path}`;
const guarded = () => server.routes.filter(({ permission }) => permission !== undefined);

async function tried(route: ListedRoute, credentials: Record<string, string>) {
  const path = route.path.replace(/:recordId/, `${randomUUID()}.1`).replace(/:\w+/, randomUUID());
  const method = route.method === 'GET' ? {} : { method: route.method };
  const headers = { ...credentials, 'X-SDP-Client-Id': 'acme' };
  if (!path.endsWith('/stream')) return call(server, path, { ...method, headers });
  const response = await fetch(server.url + path, { headers });
  if (response.status !== 200) return { status: response.status, body: (await response.json()) as { code?: string } };
  await response.body?.cancel();
  return { status: response.status, body: undefined };
}

describe('every route', () => {
  it('asks for a permission, but for those that are open to all', () => {
    const asksNothing = server.routes.filter(({ permission }) => permission === undefined).map(nameOf);
    expect(asksNothing.sort()).toEqual([...open].sort());
  });

  it('is meant for somebody', () => {
    const names = guarded().map(nameOf);
    expect(names.filter((name) => meant[name] === undefined)).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(40);
  });

  it('lets nobody in whom it doesn’t know', async () => {
    for (const route of guarded()) {
      expect([nameOf(route), (await tried(route, {})).status]).toEqual([nameOf(route), 401]);
    }
  });
});

describe.each(roles)('%s', (role) => {
  it('may, signed in, what is meant for the role and nothing else; and each decision is written down', async () => {
    const user = await makeUser(server, `user-${role}`, role);
    const { sessions } = identityOf(server);
    for (const route of guarded()) {
      // Some of them end it.
      const token = await sessions.open(server.platform.pool, user.user_id);
      const cookie = { Cookie: `__Host-sdp_session=${token}`, 'X-CSRF-Token': sessions.csrfToken(token) };
      check(route, role, await tried(route, cookie));
      // Trying passwords that are no passwords would slow the next one down.
      await server.platform.pool.query('DELETE FROM sign_in_failure');
    }
    await assertLogged('user', user.user_id, role);
  });

  it('may, with a key, the same, but for what has to do with an account', async () => {
    const owner = role === 'Client' ? { role, clientId: 'acme' } : { role, tenants: '*' as const };
    const scopes = [...defaultScopesOf(role), ...(role === 'Client' ? (['vault:copy'] as const) : [])];
    const { keyId, text } = await server.keys.create({ ...owner, label: '', scopes, allowDeclaredSafe: false });
    for (const route of guarded().filter(({ permission }) => permission !== 'self:manage')) {
      check(route, role, await tried(route, { 'X-API-Key': text }));
    }
    await assertLogged('key', keyId, role);
  });
});

function check(
  route: ListedRoute,
  role: Role,
  { status, body }: { status: number; body: { code?: string } | undefined },
) {
  const isMeant = meant[nameOf(route)]?.includes(role) ?? false;
  if (isMeant)
    expect([nameOf(route), role, status === 401 || status === 403, status >= 500]).toEqual([
      nameOf(route),
      role,
      false,
      false,
    ]);
  else expect([nameOf(route), role, status, body?.code]).toEqual([nameOf(route), role, 403, 'forbidden']);
}

/** The last moment of a busy route's is written a little later. */
async function assertLogged(kind: string, id: string, role: Role): Promise<void> {
  const routes = guarded().filter(({ permission }) => kind === 'user' || permission !== 'self:manage');
  await expect
    .poll(async () => {
      const { rows } = await server.platform.pool.query(
        `SELECT DISTINCT resource, first_value(allowed) OVER (PARTITION BY resource ORDER BY access_id) AS allowed FROM access_log WHERE principal_kind = $1 AND principal_id = $2`,
        [kind, id],
      );
      return Object.fromEntries(rows.map(({ resource, allowed }) => [resource, allowed]));
    })
    .toEqual(Object.fromEntries(routes.map((route) => [nameOf(route), meant[nameOf(route)]?.includes(role)])));
}
