import { randomUUID } from 'node:crypto';
import { notificationListSchema, silenceListSchema, silenceSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { raiseAlert } from '../../src/alerts/index.ts';
import { defaultScopesOf } from '../../src/identity/index.ts';
import { call } from '../identity/signed-in-user.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { until } from './alerting.ts';
import { type Receiver, startReceiver } from './receivers.ts';

let server: RunningServer;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  // The address is private, and the shipped file doesn't allow that: what is sent fails, and that shows.
  server = await startServer({ roles: ['alerts'], environment: { DISCORD_WEBHOOK_URL: `${receiver.url}/hook` } });
});
afterAll(async () => {
  await server.stop();
  await receiver.close();
});

async function engineer(tenants: '*' | readonly string[] = '*') {
  const scopes = defaultScopesOf('DataEngineer');
  const { text } = await server.keys.create({
    role: 'DataEngineer',
    tenants,
    label: '',
    scopes,
    allowDeclaredSafe: false,
  });
  return { 'X-API-Key': text };
}
const soon = () => new Date(Date.now() + 3_600_000).toISOString();
const raise = (type: string, clientId?: string) =>
  raiseAlert(server.platform.pool, {
    ...{
      type,
      clientId,
      level: 'ERROR',
      title: 'Stored data is not what was written',
      message: 'found by the sweeper',
    },
  });
const listed = async (headers: Record<string, string>, query = '') =>
  notificationListSchema.parse((await call(server, `/api/v1/notifications${query}`, { headers })).body);

describe('silences', () => {
  it('are made, listed, ended and audited', async () => {
    const headers = await engineer();
    const body = { match: { types: ['disk_*'], tags: { host: ['db-1'] } }, until: soon(), reason: 'disks are changed' };
    const made = await call(server, '/api/v1/silences', { method: 'POST', body, headers });
    expect(made.status).toBe(201);
    const silence = silenceSchema.parse(made.body);
    expect(silence).toMatchObject({ ...body, client_id: '*', is_active: true, ended_at: null });
    const active = async () =>
      silenceListSchema
        .parse((await call(server, '/api/v1/silences', { headers })).body)
        .silences.map((each) => each.silence_id);
    expect(await active()).toContain(silence.silence_id);
    const ended = await call(server, `/api/v1/silences/${silence.silence_id}`, { method: 'DELETE', headers });
    expect([ended.status, ended.body.is_active]).toEqual([200, false]);
    expect(await active()).not.toContain(silence.silence_id);
    const { rows } = await server.platform.pool.query(
      'SELECT action FROM audit_event WHERE subject = $1 ORDER BY audit_id',
      [silence.silence_id],
    );
    expect(rows.map(({ action }) => action)).toEqual(['silence.created', 'silence.ended']);
  });

  it.each([
    ['an end in the past', { until: '2020-01-01T00:00:00Z' }],
    ['no reason', { reason: ' ' }],
    ['an unknown field', { forever: true }],
    ['a matcher that is none', { match: { levels: ['FATAL'] } }],
    ['personal data', { reason: 'asked for by anna@example.org' }],
  ])('with %s are refused', async (_what, change) => {
    const body = { match: {}, until: soon(), reason: 'maintenance', ...change };
    const { status } = await call(server, '/api/v1/silences', { method: 'POST', body, headers: await engineer() });
    expect(status).toBe(422);
  });

  it('are a client’s where one is named, and nobody else sees or ends them', async () => {
    const body = { match: {}, until: soon(), reason: 'maintenance' };
    const acme = await engineer(['acme']);
    const unnamed = await call(server, '/api/v1/silences', { method: 'POST', body, headers: acme });
    expect(unnamed.status).toBe(422);
    const named = { ...acme, 'X-SDP-Client-Id': 'acme' };
    const { body: made } = await call(server, '/api/v1/silences', { method: 'POST', body, headers: named });
    expect(made.client_id).toBe('acme');
    const globex = await engineer(['globex']);
    const seen = await call(server, '/api/v1/silences', { headers: globex });
    expect(seen.body.silences).toEqual([]);
    const path = `/api/v1/silences/${made.silence_id}`;
    expect((await call(server, path, { method: 'DELETE', headers: globex })).status).toBe(404);
    expect((await call(server, path, { method: 'DELETE', headers: named })).status).toBe(200);
    expect((await call(server, `/api/v1/silences/${randomUUID()}`, { method: 'DELETE', headers: named })).status).toBe(
      404,
    );
  });
});

describe('notifications', () => {
  it('say what became of an alert, with the reason, to those who may see its client', async () => {
    const mine = await raise('integrity-failed', 'acme');
    const own = await raise('rules-broken');
    const all = await engineer();
    await until(async () => (await listed(all, '?state=FAILED')).notifications.length === 2);
    const { notifications } = await listed(all, '?client_id=acme');
    expect(notifications).toHaveLength(1);
    expect(notifications[0]).toMatchObject({
      ...{ alert_id: mine, client_id: 'acme', type: 'integrity-failed', level: 'ERROR', anomaly_id: null },
      deliveries: [{ channel: 'discord', state: 'FAILED', reason: 'private-address', attempts: 1 }],
    });
    expect((await listed(await engineer(['acme']))).notifications.map((each) => each.alert_id)).toEqual([mine]);
    expect((await listed(await engineer(['globex']))).notifications).toEqual([]);
    expect((await listed(all, '?client_id=*')).notifications.map((each) => each.alert_id)).toEqual([own]);
    expect(server.log.join('')).toContain('alert refused by its channel');
    expect(receiver.received).toHaveLength(0);
  });

  it('come in pages', async () => {
    const all = await engineer();
    const first = await listed(all, '?limit=1');
    const second = await listed(all, `?limit=1&cursor=${first.next_cursor}`);
    expect(second.next_cursor).toBeNull();
    expect(new Set([...first.notifications, ...second.notifications].map((each) => each.alert_id)).size).toBe(2);
    expect((await call(server, '/api/v1/notifications?cursor=x', { headers: all })).status).toBe(422);
  });
});
