import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AnomalyFinding, writeAnomalies } from '../../src/anomaly-events/index.ts';
import { withTransaction } from '../../src/database/index.ts';
import { defaultScopesOf } from '../../src/identity/index.ts';
import { createMetrics } from '../../src/observability/index.ts';
import { type Api, startApi } from '../../src/processes/build-api.ts';
import { call, identityOf, makeUser } from '../identity/signed-in-user.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { sampleFinding } from './sample-finding.ts';
import { openEvents, openSocket, type SeenEvent, type StreamReader } from './stream-reader.ts';

let server: RunningServer;
let second: Api;
let staff: Record<string, string>;
let acme: Record<string, string>;
let globex: Record<string, string>;
beforeAll(async () => {
  server = await startServer();
  second = await startApi({ ...server.platform, metrics: createMetrics() });
  const key = async (owner: object, scopes: ReturnType<typeof defaultScopesOf>) => {
    const made = await server.keys.create({ ...owner, label: '', scopes, allowDeclaredSafe: false } as never);
    return { 'X-API-Key': made.text };
  };
  staff = await key({ role: 'DataAnalyst', tenants: '*' }, defaultScopesOf('DataAnalyst'));
  acme = await key({ clientId: 'acme' }, defaultScopesOf('Client'));
  globex = await key({ clientId: 'globex' }, defaultScopesOf('Client'));
});
afterAll(async () => {
  await second.close(1_000);
  await server.stop();
});

let made = 0;
/** A finding that is an anomaly of its own. */
const fresh = (changes: Partial<AnomalyFinding> = {}) =>
  sampleFinding({ dedupeKey: `k${made}`, alertType: `type-${made++}`, ...changes });
const write = (...findings: AnomalyFinding[]) =>
  withTransaction(server.platform.pool, (tx) => writeAnomalies(tx, findings));
const typesOf = (seen: readonly SeenEvent[]) => seen.map(({ data }) => data.anomaly.alert_type);
const until = (reader: StreamReader, count: number) =>
  expect.poll(() => reader.seen.length, { timeout: 15_000 }).toBeGreaterThanOrEqual(count);

describe.each([
  ['server-sent events', openEvents],
  ['a WebSocket', openSocket],
])('%s', (_name, open) => {
  it('show anomalies as they are found and handled, and who did it', async () => {
    const reader = await open(server.url, staff);
    const finding = fresh({ userId: 'tok_7' });
    await write(finding);
    await until(reader, 1);
    const [found] = reader.seen;
    expect(found?.data).toMatchObject({
      anomaly: { client_id: 'acme', alert_type: finding.alertType, user_id: 'tok_7', state: 'OPEN', state_by: null },
      change: { from: null, to: 'OPEN', by: { kind: 'system', id: 'rule:error-burst' } },
    });
    const path = `/api/v1/anomalies/${found?.data.anomaly.anomaly_id}`;
    for (const deed of ['acknowledge', 'resolve']) {
      const handled = await call(server, `${path}/${deed}`, { method: 'POST', headers: staff, body: { note: deed } });
      expect(handled.status).toBe(200);
    }
    await until(reader, 3);
    expect(
      reader.seen.slice(1).map(({ data: { anomaly, change } }) => [anomaly.state, change.from, change.note]),
    ).toEqual([
      ['ACKNOWLEDGED', 'OPEN', 'acknowledge'],
      ['RESOLVED', 'ACKNOWLEDGED', 'resolve'],
    ]);
    reader.stop();

    // Again from the start of it: each as it was then.
    const later = await open(server.url, staff, `?after=${BigInt(found?.id ?? 0) - 1n}`);
    await until(later, 3);
    expect(later.seen.map(({ data }) => data.anomaly.state)).toEqual(['OPEN', 'ACKNOWLEDGED', 'RESOLVED']);
    later.stop();
  });

  it('show each caller the clients that it may see, and what its filters let through', async () => {
    const readers = {
      acme: await open(server.url, acme),
      globex: await open(server.url, globex),
      staff: await open(server.url, staff),
      named: await open(server.url, { ...staff, 'X-SDP-Client-Id': 'globex' }),
      picked: await open(server.url, staff, '?client_id=acme&level=CRITICAL&state=OPEN'),
      users: await open(server.url, acme, '?user_id=tok_9'),
    };
    const own = [fresh(), fresh({ level: 'CRITICAL' }), fresh({ userId: 'tok_9' })];
    const others = [fresh({ clientId: 'globex', level: 'CRITICAL' })];
    await write(...own, ...others);
    await until(readers.staff, 4);
    await until(readers.acme, 3);
    await until(readers.globex, 1);
    await until(readers.named, 1);
    await until(readers.picked, 1);
    await until(readers.users, 1);
    // What comes too much would be there by now.
    await sleep(150);
    const types = (findings: readonly AnomalyFinding[]) => findings.map(({ alertType }) => alertType).sort();
    expect(typesOf(readers.staff.seen).sort()).toEqual(types([...own, ...others]));
    expect(typesOf(readers.acme.seen).sort()).toEqual(types(own));
    expect(typesOf(readers.globex.seen)).toEqual(types(others));
    expect(typesOf(readers.named.seen)).toEqual(types(others));
    expect(typesOf(readers.picked.seen)).toEqual([own[1]?.alertType]);
    expect(typesOf(readers.users.seen)).toEqual([own[2]?.alertType]);
    for (const reader of Object.values(readers)) reader.stop();
  });

  it('show to whoever comes back what was committed late, by a transaction older than what was seen', async () => {
    const reader = await open(server.url, staff);
    const [early, late] = [fresh(), fresh()];
    let commit: () => void = () => undefined;
    const hold = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const slow = withTransaction(server.platform.pool, async (tx) => {
      await writeAnomalies(tx, [late]);
      await hold;
    });
    await sleep(50);
    await write(early);
    await until(reader, 1);
    expect(typesOf(reader.seen)).toEqual([early.alertType]);
    const last = reader.seen.at(-1)?.id;
    reader.stop();
    commit();
    await slow;
    const back = await open(second.url, staff, `?after=${last}`);
    await until(back, 1);
    expect(typesOf(back.seen)).toEqual([late.alertType]);
    back.stop();
  });

  it('end soon after the key is revoked', async () => {
    const scopes = defaultScopesOf('Client');
    const { keyId, text } = await server.keys.create({ clientId: 'acme', label: '', scopes, allowDeclaredSafe: false });
    const reader = await open(server.url, { 'X-API-Key': text });
    expect(await server.keys.revoke(keyId)).toBeTruthy();
    expect(await reader.ended).toBe('unauthorized');
    await expect(open(server.url, { 'X-API-Key': text })).rejects.toThrow('401');
  });

  it('are refused to whoever isn’t known, with positions of another database, and beyond their number', async () => {
    await expect(open(server.url, {})).rejects.toThrow('401');
    await expect(open(server.url, staff, '?after=999999999')).rejects.toThrow('422');
    await expect(open(server.url, staff, '?after=x')).rejects.toThrow('422');
    await expect(open(server.url, staff, '?what=1')).rejects.toThrow('422');
    const readers = await Promise.all(Array.from({ length: 20 }, () => open(server.url, globex)));
    await expect(open(server.url, globex)).rejects.toThrow('429');
    const other = await open(server.url, acme);
    for (const reader of [...readers, other]) reader.stop();
    await expect.poll(() => open(server.url, globex).then((reader) => reader.stop(), String)).toBeUndefined();
  });
});

it('nobody misses anything or sees it twice, over reconnects to either process while many write', async () => {
  const before = (await server.platform.pool.query('SELECT coalesce(max(seq), 0) AS last FROM anomaly_state_change'))
    .rows[0].last as string;
  const follow = async (open: typeof openEvents, isDone: () => boolean) => {
    const all: SeenEvent[] = [];
    for (let turn = 0, last = before; ; turn++) {
      const { url } = turn % 2 ? second : server;
      const wasDone = isDone();
      const reader = await open(url, staff, `?after=${last}`);
      await sleep(wasDone ? 1_500 : 30 + Math.random() * 150);
      reader.stop();
      await reader.ended;
      all.push(...reader.seen);
      last = reader.seen.at(-1)?.id ?? last;
      // What was written before it came has been shown to it.
      if (wasDone && reader.seen.length === 0) return all;
    }
  };
  let isWritten = false;
  const readers = [openEvents, openSocket, openEvents].map((open) => follow(open, () => isWritten));
  const written: string[] = [];
  await Promise.all(
    Array.from({ length: 6 }, async (_, writer) => {
      for (let n = 0; n < 25; n++) {
        const findings = [fresh({ clientId: writer % 2 ? 'acme' : 'globex' }), fresh()];
        await withTransaction(server.platform.pool, async (tx) => {
          await writeAnomalies(tx, findings);
          await sleep(Math.random() * 40);
        });
        written.push(...findings.map(({ alertType }) => alertType));
      }
    }),
  );
  isWritten = true;
  const seen = await Promise.all(readers);
  for (const events of seen) {
    expect(typesOf(events).sort()).toEqual([...written].sort());
    const ids = events.map(({ id }) => BigInt(id));
    expect(ids.every((id, i) => i === 0 || id > (ids[i - 1] as bigint))).toBe(true);
  }
  // All of them in the same order.
  expect(typesOf(seen[1] ?? [])).toEqual(typesOf(seen[0] ?? []));
  expect(typesOf(seen[2] ?? [])).toEqual(typesOf(seen[0] ?? []));
}, 40_000);

it('a page of another site opens no WebSocket with the cookie of a session, this server’s own does', async () => {
  const user = await makeUser(server, 'watcher', 'DataAnalyst');
  const { sessions } = identityOf(server);
  const token = await sessions.open(server.platform.pool, user.user_id);
  const cookie = { Cookie: `__Host-sdp_session=${token}` };
  await expect(openSocket(server.url, { ...cookie, Origin: 'https://evil.example' })).rejects.toThrow('403');
  const own = await openSocket(server.url, { ...cookie, Origin: server.url });
  const events = await openEvents(server.url, cookie);
  const finding = fresh();
  await write(finding);
  await until(own, 1);
  await until(events, 1);
  await sessions.close(server.platform.pool, token);
  expect(await own.ended).toBe('unauthorized');
  expect(await events.ended).toBe('unauthorized');
});

it('other requests to upgrade are answered as if they didn’t ask', async () => {
  for (const [path, status, upgrade] of [
    ['/health', 200, 'websocket'],
    ['/api/v1/anomalies', 200, 'h2c'],
    ['/api/v1/nowhere', 404, 'websocket'],
  ] as const) {
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      request(server.url + path, { headers: { ...staff, Connection: 'Upgrade', Upgrade: upgrade } }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      })
        .once('error', reject)
        .end();
    });
    expect([path, answered]).toEqual([path, status]);
  }
});

it('streams end when their process does, and go on with the other one', async () => {
  const third = await startApi({ ...server.platform, metrics: createMetrics() });
  const readers = [await openEvents(third.url, staff), await openSocket(third.url, staff)];
  const finding = fresh();
  await write(finding);
  for (const reader of readers) await until(reader, 1);
  await third.close(5_000);
  for (const reader of readers) {
    expect(await reader.ended).toBe('closing');
    const next = fresh();
    await write(next);
    const back = await openEvents(server.url, staff, `?after=${reader.seen.at(-1)?.id}`);
    await until(back, 1);
    expect(typesOf(back.seen)).toContain(next.alertType);
    back.stop();
  }
});
