import { randomUUID } from 'node:crypto';
import { problemSchema, serverInfoSchema } from '@sdp/shared/contracts';
import { keyFingerprint } from '@sdp/shared/crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Scope, scopes } from '../../src/identity/index.ts';
import { bootstrapApiKey, csvHeaders, type RunningServer, startServer, untilFinal } from '../support/running-server.ts';

let server: RunningServer;
let batchId: string;
beforeAll(async () => {
  server = await startServer({ roles: ['anomaly'] });
  batchId = await upload();
  await untilFinal(server, batchId);
});
afterAll(() => server.stop());

async function upload(key = bootstrapApiKey): Promise<string> {
  const response = await server.fetch('/api/v1/process', {
    method: 'POST',
    body: 'id,n\na,1\nb,2\n',
    headers: { ...csvHeaders, 'X-API-Key': key },
  });
  return ((await response.json()) as { batch_id: string }).batch_id;
}

async function newKey(clientId: string, granted: Scope[], expiresAt?: Date) {
  return server.keys.create({ clientId, label: '', scopes: granted, allowDeclaredSafe: false, expiresAt });
}

const routes = (id: string): [method: string, path: string, scope: Scope | undefined][] => [
  ['GET', '/api/v1/server-info', undefined],
  ['POST', '/api/v1/process', 'batches:write'],
  ['GET', '/api/v1/batches', 'batches:read'],
  ['GET', `/api/v1/batches/${id}`, 'batches:read'],
  ['GET', `/api/v1/results/${id}`, 'batches:read'],
  ['GET', '/api/v1/alerts', 'transactions:read'],
  ['GET', '/api/v1/vault-copy', 'vault:copy'],
  ['GET', '/api/v1/vault-copy/entries', 'vault:copy'],
  ['GET', '/api/v1/vault-copy/erasures', 'vault:copy'],
];

async function call(method: string, path: string, key?: string) {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...(key !== undefined && { 'X-API-Key': key }), ...(method === 'POST' && csvHeaders) },
    ...(method === 'POST' && path.startsWith('/api') && { body: 'id,n\na,1\n' }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

describe('API keys', () => {
  it('are needed on every route but the probes', async () => {
    const { text: good, keyId } = await newKey('acme', [...scopes]);
    const { text: revoked, keyId: revokedId } = await newKey('acme', [...scopes]);
    await server.keys.revoke(revokedId);
    const { text: expired } = await newKey('acme', [...scopes], new Date(Date.now() - 1_000));
    const mistyped = good.slice(0, -1) + (good.endsWith('0') ? '1' : '0');
    const forged = good.replace(keyId, revokedId);
    for (const [method, path] of routes(batchId)) {
      for (const key of [undefined, '', 'x'.repeat(40), 'x'.repeat(5_000), revoked, expired, mistyped, forged]) {
        const { status, text, headers } = await call(method, path, key);
        expect([method, path, status]).toEqual([method, path, 401]);
        expect(problemSchema.parse(JSON.parse(text)).code).toBe('unauthorized');
        expect(headers.get('www-authenticate')).toContain('ApiKey');
      }
      expect((await call(method, path, good)).status).toBe(200);
    }
    for (const path of ['/health', '/healthz', '/readyz', '/metrics', '/openapi.json']) {
      expect((await call('GET', path)).status).toBe(200);
    }
  });

  it('open what their scopes name and nothing else', async () => {
    for (const scope of scopes) {
      const { text } = await newKey('acme', [scope]);
      for (const [method, path, needed] of routes(batchId)) {
        const { status } = await call(method, path, text);
        expect([path, scope, status]).toEqual([path, scope, needed === undefined || needed === scope ? 200 : 403]);
      }
    }
  });

  it('stop working at once when they are revoked', async () => {
    const { text, keyId } = await newKey('acme', ['batches:read']);
    expect((await call('GET', '/api/v1/batches', text)).status).toBe(200);
    expect(await server.keys.revoke(keyId)).toBe(true);
    expect((await call('GET', '/api/v1/batches', text)).status).toBe(401);
    expect(await server.keys.revoke(keyId)).toBe(false);
  });

  it('are stored as keyed hashes, and their last use is noted', async () => {
    const { text, keyId } = await newKey('acme', ['batches:read']);
    await call('GET', '/api/v1/batches', text);
    const { rows } = await server.platform.pool.query('SELECT * FROM api_key');
    expect(JSON.stringify(rows)).not.toContain(text.slice(30));
    expect(JSON.stringify(rows)).not.toContain(bootstrapApiKey);
    const used = (await server.keys.list()).find((key) => key.keyId === keyId);
    expect(used?.lastUsedAt?.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  it('of SDP_API_KEY is replaced by another, and a revoked one stays so', async () => {
    const [one, other] = [`first-${randomUUID()}`, `second-${randomUUID()}`];
    await server.keys.bootstrap(one, 'initech', false);
    expect((await call('GET', '/api/v1/batches', one)).status).toBe(200);
    await server.keys.revoke('bootstrap-initech');
    await server.keys.bootstrap(one, 'initech', false);
    expect((await call('GET', '/api/v1/batches', one)).status).toBe(401);
    await server.keys.bootstrap(other, 'initech', false);
    expect((await call('GET', '/api/v1/batches', one)).status).toBe(401);
    expect((await call('GET', '/api/v1/batches', other)).status).toBe(200);
  });
});

describe("another client's batch", () => {
  it('is not found on any route, like one that never was', async () => {
    const { text: foreign } = await newKey('globex', ['batches:read', 'batches:write']);
    const paths = (id: string) => [`/api/v1/batches/${id}`, `/api/v1/results/${id}`, `/dev/process-batch/${id}`];
    for (const [i, path] of paths(batchId).entries()) {
      const method = path.startsWith('/dev') ? 'POST' : 'GET';
      const theirs = await call(method, path, foreign);
      const nobodys = await call(method, paths(randomUUID())[i] as string, foreign);
      const noId = await call(method, paths("1'--")[i] as string, foreign);
      for (const answer of [theirs, nobodys, noId]) {
        expect([path, answer.status]).toEqual([path, 404]);
        expect({ ...JSON.parse(answer.text), request_id: '' }).toEqual({ ...JSON.parse(nobodys.text), request_id: '' });
      }
    }
    const list = JSON.parse((await call('GET', '/api/v1/batches', foreign)).text);
    expect(list).toEqual({ batches: [], next_cursor: null });
  });
});

describe('GET /api/v1/server-info', () => {
  it('tells the client of its policy and the fingerprint of the server key', async () => {
    const { text } = await call('GET', '/api/v1/server-info', bootstrapApiKey);
    expect(serverInfoSchema.parse(JSON.parse(text))).toMatchObject({
      client_id: 'acme',
      declared_safe_allowed: false,
      key_fingerprints: [keyFingerprint(server.platform.serverKey)],
    });
  });
});

describe('GET /api/v1/batches', () => {
  it('pages through the client’s batches, newest first, each once', async () => {
    const { text: key } = await newKey('paging', ['batches:read', 'batches:write']);
    const uploaded: string[] = [];
    for (let i = 0; i < 7; i++) uploaded.push(await upload(key));
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const path: string = `/api/v1/batches?limit=3${cursor && `&cursor=${cursor}`}`;
      const page = JSON.parse((await call('GET', path, key)).text);
      seen.push(...page.batches.map((batch: { batch_id: string }) => batch.batch_id));
      cursor = page.next_cursor;
    }
    expect([...seen].sort()).toEqual([...uploaded].sort());
    await untilFinal(server, uploaded[0] as string, key);
    const { text } = await call('GET', '/api/v1/batches?status=PROCESSED', key);
    expect(JSON.parse(text).batches.length).toBeGreaterThan(0);
  });

  it.each(['limit=0', 'limit=201', 'limit=x', 'status=DONE', 'cursor=abc', 'cursor=MTIzIDEyMw'])(
    'refuses %s',
    async (query) => {
      const { status, text } = await call('GET', `/api/v1/batches?${query}`, bootstrapApiKey);
      expect([status, JSON.parse(text).code]).toEqual([422, 'request-invalid']);
    },
  );
});

describe('requests', () => {
  it.each(['abcdefgh', 'A1.b_c-d0', randomUUID()])('keep a sane request id: %s', async (id) => {
    const response = await server.fetch('/api/v1/batches', { headers: { 'X-Request-Id': id } });
    expect(response.headers.get('x-request-id')).toBe(id);
  });

  it.each(['short', 'has blank in it', '{"a":1}', 'x'.repeat(101), '4111111111111111', '536-90-4399'])(
    'get another id in place of %s',
    async (id) => {
      const response = await server.fetch('/api/v1/batches', { headers: { 'X-Request-Id': id } });
      expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  it('that match no route are answered with a problem, and never logged by their path', async () => {
    server.log.length = 0;
    const response = await server.fetch('/api/v1/no-such-path/jane@example.com?x=4111111111111111');
    expect(response.status).toBe(404);
    expect(problemSchema.parse(await response.json()).code).toBe('not-found');
    expect(server.log.join('')).not.toMatch(/jane|4111|no-such-path/);
  });

  it('carry the headers that keep browsers from doing harm', async () => {
    const { headers } = await server.fetch('/api/v1/batches');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-powered-by')).toBeNull();
  });
});

describe('the rate limit', () => {
  it('holds per key and says when to go on', async () => {
    const limited = await startServer({ environment: { SDP_RATE_LIMIT_PER_MINUTE: '5' } });
    try {
      const ask = (key: string) => limited.fetch('/api/v1/batches', { headers: { 'X-API-Key': key } });
      const { text: another } = await limited.keys.create({
        clientId: 'acme',
        label: '',
        scopes: ['batches:read'],
        allowDeclaredSafe: false,
      });
      for (let i = 0; i < 5; i++) expect((await ask(bootstrapApiKey)).status).toBe(200);
      const refused = await ask(bootstrapApiKey);
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(problemSchema.parse(await refused.json()).code).toBe('rate-limited');
      expect((await ask(another)).status).toBe(200);
      for (let i = 0; i < 6; i++) await ask('x'.repeat(40));
      expect((await ask('x'.repeat(40))).status).toBe(429);
    } finally {
      await limited.stop();
    }
  });
});

describe('the log', () => {
  it('holds no key, no token and no error after all of this', async () => {
    const log = server.log.join('');
    expect(log).not.toContain(bootstrapApiKey);
    expect(log).not.toMatch(/sdp_live_[0-9a-f]{16}_/);
    const errors = server.log.map((line) => JSON.parse(line)).filter(({ level }) => level === 'error');
    expect(errors).toEqual([]);
  });
});
