import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeAnomalies } from '../../src/anomaly-events/index.ts';
import { withTransaction } from '../../src/database/index.ts';
import { defaultScopesOf, type ListedRoute } from '../../src/identity/index.ts';
import { sampleFinding } from '../anomaly-events/sample-finding.ts';
import { csvHeaders, type RunningServer, startServer, untilFinal } from '../support/running-server.ts';
import { call, identityOf, makeUser } from './signed-in-user.ts';

/** What each of two clients has, with words that stand nowhere else. */
interface Tenant {
  readonly clientId: string;
  readonly key: string;
  readonly ids: Readonly<Record<string, string>>;
  readonly words: readonly string[];
}

let server: RunningServer;
let acme: Tenant;
let globex: Tenant;
beforeAll(async () => {
  server = await startServer({ roles: ['anomaly'] });
  acme = await makeTenant('acme', `tok_${'a'.repeat(31)}`);
  globex = await makeTenant('globex', `tok_${'b'.repeat(31)}`);
}, 60_000);
afterAll(() => server.stop());

async function makeTenant(clientId: string, token: string): Promise<Tenant> {
  const scopes = [...defaultScopesOf('Client'), 'vault:copy'] as const;
  const { text: key } = await server.keys.create({ clientId, label: '', scopes, allowDeclaredSafe: false });
  const headers = { 'X-API-Key': key };
  const body = `id,n\n${token}1,1\n${token}2,2\n`;
  const upload = await server.fetch('/api/v1/process', {
    method: 'POST',
    body,
    headers: { ...csvHeaders, ...headers, 'Idempotency-Key': 'the-same-for-both' },
  });
  const { batch_id: batchId } = (await upload.json()) as { batch_id: string };
  expect(await untilFinal(server, batchId, key)).toBe('PROCESSED');
  const transactionId = `t-of-${clientId}`;
  const transaction = {
    ...{ transaction_id: transactionId, occurred_at: new Date().toISOString(), amount: 5, currency: 'EUR' },
    ...{ customer: `${token}c`, card: `${token}d`, terminal: `${token}e` },
  };
  const taken = await call(server, '/api/v1/transactions', { method: 'POST', body: transaction, headers });
  expect([200, 202]).toContain(taken.status);
  const analyst = defaultScopesOf('DataAnalyst');
  const staff = { role: 'DataAnalyst', tenants: '*', label: '', scopes: analyst, allowDeclaredSafe: false } as const;
  const proposed = await call(server, `/api/v1/records/${batchId}.1/proposals`, {
    method: 'POST',
    body: { values: { n: '3' }, reason: 'correction' },
    headers: { 'X-API-Key': (await server.keys.create(staff)).text, 'If-Match': '"v1"' },
  });
  expect(proposed.status).toBe(201);
  const proposalId = proposed.body.proposal_id as string;
  const finding = sampleFinding({ clientId, alertType: `type-of-${clientId}`, userId: `${token}u` });
  await withTransaction(server.platform.pool, (tx) => writeAnomalies(tx, [finding]));
  const { rows: anomalies } = await server.platform.pool.query(
    'SELECT anomaly_id FROM anomaly_events WHERE client_id = $1',
    [clientId],
  );
  const anomalyId = anomalies[0].anomaly_id as string;
  return {
    clientId,
    key,
    ids: {
      batchId,
      jobId: batchId,
      recordId: `${batchId}.1`,
      proposalId,
      transactionId,
      anomalyId,
    },
    words: [batchId, token, transactionId, proposalId, anomalyId, `type-of-${clientId}`],
  };
}

const withIds = ({ path }: ListedRoute, { ids }: Tenant) => path.replace(/:(\w+)/g, (_, name) => ids[name] ?? 'none');
const routes = () => server.routes.filter(({ permission }) => permission !== undefined);

async function ask(route: ListedRoute, path: string, headers: Record<string, string>) {
  if (path.endsWith('/stream')) {
    const response = await fetch(server.url + path, { headers: { ...headers, 'Last-Event-ID': '0' } });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    const second = await Promise.race([reader?.read(), new Promise((resolve) => setTimeout(resolve, 300))]);
    await reader?.cancel();
    const { value } = (second ?? {}) as { value?: Uint8Array };
    return {
      status: response.status,
      text: Buffer.concat([first?.value ?? Buffer.alloc(0), value ?? Buffer.alloc(0)]).toString(),
    };
  }
  const { status, body } = await call(server, path, {
    ...(route.method !== 'GET' && { method: route.method, body: {} }),
    headers,
  });
  return { status, text: typeof body === 'string' ? body : JSON.stringify(body) };
}

describe.each(['key', 'user'])('a Client by its %s', (kind) => {
  it('finds nothing of another client’s under any route, by its ids or without', async () => {
    for (const [own, other] of [
      [acme, globex],
      [globex, acme],
    ] as const) {
      const headers = kind === 'key' ? { 'X-API-Key': own.key } : await signedIn(own);
      for (const route of routes().filter(({ path }) => !path.startsWith('/api/v1/session'))) {
        // Naming the other client is no help either.
        for (const named of [{}, { 'X-SDP-Client-Id': other.clientId }] as Record<string, string>[]) {
          const { status, text } = await ask(route, withIds(route, other), { ...headers, ...named });
          const asked = [kind, own.clientId, route.method, route.path];
          for (const word of other.words.filter((each) => !withIds(route, other).includes(each))) {
            expect([...asked, text.includes(word)]).toEqual([...asked, false]);
          }
          if (!route.path.includes(':') || status === 403) continue;
          // What isn't there and what is another's look alike, whatever is wrong with the request besides.
          const nobodys = await ask(route, withIds(route, { ...other, ids: nobody }), { ...headers, ...named });
          expect([...asked, status]).toEqual([...asked, nobodys.status]);
          if (route.method === 'GET') expect([...asked, status]).toEqual([...asked, 404]);
          expect([...asked, status < 300]).toEqual([...asked, false]);
        }
      }
    }
  });
});

const none = '00000000-0000-4000-8000-000000000000';
const nobody = {
  anomalyId: none,
  batchId: none,
  jobId: none,
  recordId: `${none}.1`,
  proposalId: none,
  transactionId: 't-of-nobody',
};

describe('staff', () => {
  it('see the clients that they were given, and no others', async () => {
    for (const role of ['DataEngineer', 'DataAnalyst', 'SecurityAuditor'] as const) {
      const scopes = defaultScopesOf(role);
      const { text } = await server.keys.create({
        role,
        tenants: ['acme'],
        label: '',
        scopes,
        allowDeclaredSafe: false,
      });
      const headers = { 'X-API-Key': text };
      for (const route of routes().filter(({ path }) => !path.startsWith('/api/v1/session'))) {
        const { status, text: answer } = await ask(route, withIds(route, globex), headers);
        const asked = [role, route.method, route.path];
        // What acme tried of globex' ids is acme's to see.
        if (route.path === '/api/v1/access-log') {
          const entries = status === 200 ? (JSON.parse(answer) as { entries: { client_id: string }[] }).entries : [];
          expect(entries.filter(({ client_id }) => client_id !== 'acme')).toEqual([]);
          continue;
        }
        for (const word of globex.words.filter((each) => !withIds(route, globex).includes(each))) {
          expect([...asked, answer.includes(word)]).toEqual([...asked, false]);
        }
        if (route.path.includes(':')) expect([...asked, status < 300]).toEqual([...asked, false]);
      }
      const own = await call(server, `/api/v1/jobs/${acme.ids['jobId']}`, { headers });
      expect([role, own.status]).toEqual([role, 200]);
      const named = await call(server, '/api/v1/batches', { headers: { ...headers, 'X-SDP-Client-Id': 'globex' } });
      expect([role, named.status, named.body.code]).toEqual([role, 404, 'not-found']);
      const odd = await call(server, '/api/v1/batches', { headers: { ...headers, 'X-SDP-Client-Id': "a'; --" } });
      expect([role, odd.status]).toEqual([role, 422]);
    }
  });

  it('of all clients may name one and then see that one alone', async () => {
    const scopes = defaultScopesOf('DataEngineer');
    const key = { role: 'DataEngineer', tenants: '*', label: '', scopes, allowDeclaredSafe: false } as const;
    const { text } = await server.keys.create(key);
    const jobs = async (named: Record<string, string>) => {
      const { body } = await call(server, '/api/v1/jobs', { headers: { 'X-API-Key': text, ...named } });
      return (body.jobs as { job_id: string }[]).map(({ job_id }) => job_id).sort();
    };
    expect(await jobs({})).toEqual([acme.ids['jobId'], globex.ids['jobId']].sort());
    expect(await jobs({ 'X-SDP-Client-Id': 'acme' })).toEqual([acme.ids['jobId']]);
    const needed = await call(server, '/api/v1/batches', { headers: { 'X-API-Key': text } });
    expect([needed.status, needed.body.findings[0].field]).toEqual([422, 'X-SDP-Client-Id']);
  });

  it('who manage some clients give no rights over others', async () => {
    const scopes = defaultScopesOf('Admin');
    const admin = { role: 'Admin', tenants: ['acme'], label: '', scopes, allowDeclaredSafe: false } as const;
    const headers = { 'X-API-Key': (await server.keys.create(admin)).text };
    const foreign = await makeUser(server, 'of-globex', 'Client', { clientId: 'globex' });
    const staff = await makeUser(server, 'of-all', 'DataEngineer');
    const post = (path: string, body: object) => call(server, path, { method: 'POST', body, headers });
    for (const owner of [
      { role: 'Client', client_id: 'globex' },
      { role: 'Admin', tenants: '*' },
      { role: 'DataEngineer', tenants: ['acme', 'globex'] },
    ]) {
      expect((await post('/api/v1/keys', owner)).status).toBe(403);
      expect((await post('/api/v1/users', { name: 'somebody', ...owner })).status).toBe(403);
    }
    expect((await post('/api/v1/keys', { role: 'Client', client_id: 'acme' })).status).toBe(201);
    for (const { user_id: id } of [foreign, staff]) {
      expect((await call(server, `/api/v1/users/${id}`, { headers })).status).toBe(404);
      const change = { method: 'PATCH', body: { state: 'disabled' }, headers };
      expect((await call(server, `/api/v1/users/${id}`, change)).status).toBe(404);
    }
    const seen = (await call(server, '/api/v1/users?limit=1', { headers })).body;
    expect(seen).toMatchObject({ users: [{ name: 'user-of-acme' }], next_cursor: null });
    const keys = (await call(server, '/api/v1/keys', { headers })).body.keys as {
      client_id: string | null;
      tenants: unknown;
    }[];
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter(({ tenants }) => JSON.stringify(tenants) !== '["acme"]')).toEqual([]);
  });
});

async function signedIn({ clientId }: Tenant): Promise<Record<string, string>> {
  const user = await makeUser(server, `user-of-${clientId}`, 'Client', { clientId });
  const { sessions } = identityOf(server);
  const token = await sessions.open(server.platform.pool, user.user_id);
  return { Cookie: `__Host-sdp_session=${token}`, 'X-CSRF-Token': sessions.csrfToken(token) };
}
