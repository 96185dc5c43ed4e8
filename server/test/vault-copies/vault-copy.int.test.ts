import { randomBytes } from 'node:crypto';
import {
  type VaultCopyEntry,
  type VaultCopyHead,
  type VaultCopyNamespace,
  vaultCopyPageLimit,
} from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningServer, startServer } from '../support/running-server.ts';

let server: RunningServer;
let acme: string;
let globex: string;
beforeAll(async () => {
  server = await startServer();
  [acme, globex] = (await Promise.all(
    ['acme', 'globex'].map(async (clientId) => {
      const key = await server.keys.create({ clientId, label: '', scopes: ['vault:copy'], allowDeclaredSafe: false });
      return key.text;
    }),
  )) as [string, string];
});
afterAll(() => server.stop());

const hex = (bytes = 16) => randomBytes(bytes).toString('hex');
const namespaceDigest = hex();
const entry = (fields: Partial<VaultCopyEntry> = {}): VaultCopyEntry => ({
  namespace: namespaceDigest,
  token: hex(),
  erasure: hex(32),
  sealed: randomBytes(60).toString('base64url'),
  ...fields,
});

const erasureOf = ({ namespace, erasure }: VaultCopyEntry) => ({ namespace, erasure, erased_on: 20_000 });

async function call(method: 'GET' | 'POST' | 'DELETE', path: string, key: string, body?: unknown) {
  const response = await server.fetch(`/api/v1/vault-copy${path}`, {
    method,
    headers: { 'X-API-Key': key, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, text, json: JSON.parse(text) as Record<string, unknown> };
}

/** The head that has to come next. */
async function nextHead(key: string): Promise<VaultCopyHead> {
  const { head } = (await call('GET', '', key)).json as { head: VaultCopyHead | null };
  return { sequence: (head?.sequence ?? 0) + 1, sealed: randomBytes(80).toString('base64url') };
}

const push = async (key: string, entries: readonly VaultCopyEntry[], namespaces: readonly VaultCopyNamespace[] = []) =>
  call('POST', '/entries', key, { namespaces, entries, head: await nextHead(key) });

const erase = async (key: string, entries: readonly VaultCopyEntry[]) =>
  call('POST', '/erasures', key, { erasures: entries.map(erasureOf), head: await nextHead(key) });

async function pullAll(key: string, limit = 7): Promise<VaultCopyEntry[]> {
  const all: VaultCopyEntry[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { json } = await call('GET', `/entries?limit=${limit}${cursor && `&cursor=${cursor}`}`, key);
    all.push(...(json['entries'] as VaultCopyEntry[]));
    cursor = json['next_cursor'] as string | null;
  }
  return all;
}

const byToken = (a: VaultCopyEntry, b: VaultCopyEntry) => (a.token < b.token ? -1 : 1);

describe('a copy of a vault', () => {
  it('gives back, page by page, what was pushed, each entry once', async () => {
    const entries = Array.from({ length: 30 }, () => entry());
    const namespaces = [{ namespace: namespaceDigest, sealed: 'AAAA' }];
    expect((await push(acme, entries, namespaces)).json).toEqual({ stored: 30, erased: 0 });
    expect((await push(acme, entries.slice(10), namespaces)).json).toEqual({ stored: 0, erased: 0 });
    expect((await pullAll(acme)).sort(byToken)).toEqual(entries.toSorted(byToken));
    const head = { sequence: 2, sealed: expect.any(String) };
    expect((await call('GET', '', acme)).json).toEqual({ namespaces, entries: 30, erasures: 0, head });
  });

  it('keeps the first of two seals of one token: a second machine cannot replace it', async () => {
    const first = entry();
    await push(acme, [first]);
    await push(acme, [{ ...first, sealed: randomBytes(60).toString('base64url') }]);
    expect((await pullAll(acme, 1_000)).filter(({ token }) => token === first.token)).toEqual([first]);
  });

  it('loses what is erased for good, whichever machine pushes it again', async () => {
    const [gone, stays] = [entry(), entry()];
    await push(acme, [gone, stays]);
    expect((await erase(acme, [gone])).json).toEqual({ removed: 1 });
    expect((await erase(acme, [gone])).json).toEqual({ removed: 0 });
    expect((await push(acme, [gone, stays])).json).toEqual({ stored: 0, erased: 1 });
    const tokens = (await pullAll(acme, 1_000)).map(({ token }) => token);
    expect(tokens).toContain(stays.token);
    expect(tokens).not.toContain(gone.token);
    expect((await call('GET', '/erasures', acme)).json).toEqual({ erasures: [erasureOf(gone)], next_cursor: null });
    const { rows } = await server.platform.pool.query('SELECT count(*)::int AS n FROM token_vault WHERE token = $1', [
      Buffer.from(gone.token, 'hex'),
    ]);
    expect(rows[0].n).toBe(0);
  });

  it('has nothing erased left, however pushes and erasures cross', async () => {
    const entries = Array.from({ length: 300 }, () => entry());
    // As clients do: whoever was not the next tries again.
    const untilDone = async (send: () => ReturnType<typeof call>) => {
      while ((await send()).status === 409);
    };
    await Promise.all([
      ...Array.from({ length: 4 }, () => untilDone(() => push(acme, entries))),
      untilDone(() => erase(acme, entries)),
      ...Array.from({ length: 4 }, () => untilDone(() => push(acme, entries))),
    ]);
    const tokens = new Set((await pullAll(acme, 1_000)).map(({ token }) => token));
    expect(entries.filter(({ token }) => tokens.has(token))).toEqual([]);
  });

  it('changes with the next head alone, and as a whole', async () => {
    const { text } = await server.keys.create({
      clientId: 'umbrella',
      label: '',
      scopes: ['vault:copy'],
      allowDeclaredSafe: false,
    });
    // The first may have any number, so that numbers go on where a copy is begun anew.
    const head = { sequence: 41, sealed: 'AAAA' };
    const [first, second] = [entry(), entry()];
    expect((await call('POST', '/entries', text, { entries: [first], head })).status).toBe(200);
    for (const sequence of [1, 40, 41, 43]) {
      const body = { entries: [second], head: { sequence, sealed: 'BBBB' } };
      expect((await call('POST', '/entries', text, body)).json).toMatchObject({ code: 'vault-copy-changed' });
      const erasures = [erasureOf(first)];
      expect((await call('POST', '/erasures', text, { erasures, head: body.head })).status).toBe(409);
    }
    expect((await call('POST', '/entries', text, { entries: [second] })).status).toBe(422);
    expect((await call('GET', '', text)).json).toMatchObject({ entries: 1, erasures: 0, head });
    // Of all that send the same number at once, one gets in.
    const next = Array.from({ length: 6 }, () =>
      call('POST', '/entries', text, { entries: [entry()], head: { sequence: 42, sealed: 'CCCC' } }),
    );
    expect((await Promise.all(next)).map(({ status }) => status).toSorted()).toEqual([200, 409, 409, 409, 409, 409]);
    expect((await call('GET', '', text)).json).toMatchObject({ entries: 2, head: { sequence: 42 } });
  });

  it('says what it has', async () => {
    const [stored, erased, unknown] = [entry(), entry(), entry()];
    await push(acme, [stored, erased]);
    await erase(acme, [erased]);
    const ids = [unknown, stored, erased, stored].map(({ namespace, erasure }) => ({ namespace, erasure }));
    const known = [
      { index: 1, stored: true, erased_on: null },
      { index: 2, stored: false, erased_on: 20_000 },
      { index: 3, stored: true, erased_on: null },
    ];
    expect((await call('POST', '/lookup', acme, { ids })).json).toEqual({ known });
    expect((await call('POST', '/lookup', globex, { ids })).json).toEqual({ known: [] });
  });

  it('makes short pages of long values', async () => {
    const key = await server.keys.create({
      clientId: 'hooli',
      label: '',
      scopes: ['vault:copy'],
      allowDeclaredSafe: false,
    });
    const entries = Array.from({ length: 5 }, () => entry({ sealed: 'A'.repeat(700_000) }));
    await push(key.text, entries);
    const first = await call('GET', '/entries?limit=1000', key.text);
    expect((first.json['entries'] as unknown[]).length).toBe(2);
    expect((await pullAll(key.text, 1_000)).sort(byToken)).toEqual(entries.toSorted(byToken));
  });

  it('is its client’s alone', async () => {
    const theirs = entry();
    await push(globex, [theirs]);
    expect(await pullAll(globex)).toEqual([theirs]);
    await erase(acme, [theirs]);
    expect(await pullAll(globex)).toEqual([theirs]);
    expect((await pullAll(acme, 1_000)).some(({ token }) => token === theirs.token)).toBe(false);
  });

  it('goes as a whole when its client wants that', async () => {
    const { text } = await server.keys.create({
      clientId: 'initech',
      label: '',
      scopes: ['vault:copy'],
      allowDeclaredSafe: false,
    });
    await push(text, [entry(), entry()], [{ namespace: namespaceDigest, sealed: 'AAAA' }]);
    await erase(text, [entry()]);
    expect((await call('DELETE', '', text)).json).toEqual({ removed: 2 });
    expect((await call('GET', '', text)).json).toEqual({ namespaces: [], entries: 0, erasures: 0, head: null });
    expect((await pullAll(globex)).length).toBeGreaterThan(0);
  });

  it('is refused to a key that was not made for it', async () => {
    const ordinary = await server.keys.create({
      clientId: 'acme',
      label: '',
      scopes: ['batches:read', 'batches:write'],
      allowDeclaredSafe: false,
    });
    for (const path of ['', '/entries', '/erasures']) {
      expect((await call('GET', path, ordinary.text)).status).toBe(403);
    }
    expect((await push(ordinary.text, [entry()])).status).toBe(403);
  });

  it('takes nothing malformed, stores nothing of it and quotes nothing', async () => {
    const before = (await call('GET', '', globex)).json;
    const head = await nextHead(globex);
    const secret = 'jane.doe@example.org';
    const bad: [status: number, body: unknown][] = [
      [400, '{"entries": ['],
      [400, `"${secret}"`],
      [422, { head, entries: [entry(), { ...entry(), sealed: secret }] }],
      [422, { head, entries: [{ ...entry(), token: secret }] }],
      [422, { head, entries: [{ ...entry(), value: secret }] }],
      [422, { head, entries: Array.from({ length: vaultCopyPageLimit + 1 }, () => entry()) }],
      [422, { head: { ...head, sealed: secret }, entries: [] }],
      [422, { head, [secret]: [] }],
    ];
    for (const [status, body] of bad) {
      const answer = await call('POST', '/entries', globex, body);
      expect(answer.status).toBe(status);
      expect(answer.text).not.toContain(secret);
    }
    expect((await call('GET', '/entries?cursor=nonsense', globex)).status).toBe(422);
    expect((await call('GET', '/erasures?cursor=nonsense', globex)).status).toBe(422);
    expect((await call('GET', '/entries?limit=0', globex)).status).toBe(422);
    expect((await call('GET', '', globex)).json).toEqual(before);
    expect(server.log.join('')).not.toContain(secret);
  });
});
