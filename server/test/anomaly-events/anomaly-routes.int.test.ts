import { type Anomaly, anomalyDetailSchema, anomalyListSchema } from '@sdp/shared/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AnomalyFinding, writeAnomalies } from '../../src/anomaly-events/index.ts';
import { withTransaction } from '../../src/database/index.ts';
import { defaultScopesOf } from '../../src/identity/index.ts';
import { call } from '../identity/signed-in-user.ts';
import { type RunningServer, startServer } from '../support/running-server.ts';
import { sampleAt, sampleFinding } from './sample-finding.ts';

let server: RunningServer;
let engineer: Record<string, string>;
let engineerId: string;
let client: Record<string, string>;
beforeAll(async () => {
  server = await startServer();
  const staff = { role: 'DataEngineer', tenants: '*', label: '', allowDeclaredSafe: false } as const;
  const made = await server.keys.create({ ...staff, scopes: defaultScopesOf('DataEngineer') });
  [engineer, engineerId] = [{ 'X-API-Key': made.text }, made.keyId];
  const scopes = defaultScopesOf('Client');
  client = {
    'X-API-Key': (await server.keys.create({ clientId: 'acme', label: '', scopes, allowDeclaredSafe: false })).text,
  };
});
afterAll(() => server.stop());
beforeEach(async () => {
  await server.platform.pool.query(
    'TRUNCATE anomaly_events, anomaly_key, anomaly_finding, anomaly_state_change, alert_outbox',
  );
});

const write = (findings: readonly AnomalyFinding[]) =>
  withTransaction(server.platform.pool, (tx) => writeAnomalies(tx, findings));
const get = (query: string, headers = engineer) => call(server, `/api/v1/anomalies${query}`, { headers });
const post = (id: string, deed: string, body?: unknown, headers = engineer) =>
  call(server, `/api/v1/anomalies/${id}/${deed}`, { method: 'POST', headers, ...(body !== undefined && { body }) });

async function pages(query: string, headers = engineer): Promise<Anomaly[]> {
  const all: Anomaly[] = [];
  for (let cursor = ''; ; ) {
    const { status, body } = await get(`?limit=7&${query}${cursor}`, headers);
    expect(status).toBe(200);
    const page = anomalyListSchema.parse(body);
    all.push(...page.anomalies);
    if (page.next_cursor === null) return all;
    expect(page.anomalies).toHaveLength(7);
    cursor = `&cursor=${page.next_cursor}`;
  }
}

const hourMs = 3_600_000;
/** Of two clients, over several weeks, some at the same time. */
const many = Array.from({ length: 60 }, (_, n) =>
  sampleFinding({
    clientId: n % 3 === 0 ? 'globex' : 'acme',
    dedupeKey: `k${n}`,
    atMs: sampleAt + Math.floor(n / 2) * 36 * hourMs,
    alertType: n % 2 ? 'error-burst' : 'high-latency',
    level: n % 5 === 0 ? 'CRITICAL' : n % 5 === 1 ? 'INFO' : 'WARNING',
    detector: n % 4 ? 'forest' : 'rule:x',
    ...(n % 7 === 0 && { userId: `tok_${n % 2}` }),
  }),
);

describe('the list', () => {
  it('has each anomaly once over its pages, newest first, with every filter what it should', async () => {
    await write(many);
    const at = (n: number) => new Date(sampleAt + n * 36 * hourMs);
    const cases: [string, (finding: AnomalyFinding) => boolean][] = [
      ['', () => true],
      ['type=error-burst', ({ alertType }) => alertType === 'error-burst'],
      ['level=CRITICAL', ({ level }) => level === 'CRITICAL'],
      ['user_id=tok_1', ({ userId }) => userId === 'tok_1'],
      ['detector=forest', ({ detector }) => detector === 'forest'],
      ['is_alert=false', ({ level }) => level === 'INFO'],
      ['state=OPEN', () => true],
      ['state=RESOLVED', () => false],
      ['client_id=globex', ({ clientId }) => clientId === 'globex'],
      [
        `from=${at(5).toISOString()}&before=${at(9).toISOString()}`,
        (finding) => finding.at >= at(5) && finding.at < at(9),
      ],
      [
        'type=high-latency&level=WARNING&client_id=acme',
        (finding) => {
          return finding.alertType === 'high-latency' && finding.level === 'WARNING' && finding.clientId === 'acme';
        },
      ],
    ];
    for (const [query, fits] of cases) {
      const found = await pages(query);
      const wanted = many.filter(fits);
      expect([query, found.length, new Set(found.map((each) => each.anomaly_id)).size]).toEqual([
        query,
        wanted.length,
        wanted.length,
      ]);
      expect(found.map(({ timestamp }) => timestamp)).toEqual(
        wanted.map((each) => each.at.toISOString()).sort((a, b) => (a < b ? 1 : -1)),
      );
    }
    expect((await pages('', client)).every(({ client_id }) => client_id === 'acme')).toBe(true);
    expect(await pages('client_id=globex', client)).toEqual([]);
    expect(await pages('', { ...engineer, 'X-SDP-Client-Id': 'globex' })).toHaveLength(20);
  });

  it('refuses what it doesn’t know', async () => {
    for (const query of ['?level=BAD', '?what=1', '?cursor=x', '?from=yesterday', '?limit=0', '?state=DONE']) {
      expect([query, (await get(query)).status]).toEqual([query, 422]);
    }
  });
});

describe('an anomaly', () => {
  it('is acknowledged and resolved once, by whom and when and why is kept, and the trail says so', async () => {
    await write([sampleFinding()]);
    const [{ anomaly_id: id } = { anomaly_id: '' }] = await pages('');
    const found = anomalyDetailSchema.parse((await get(`/${id}`)).body);
    expect(found).toMatchObject({
      state: 'OPEN',
      state_by: null,
      explanation: { rule: 'error-burst', count: 20 },
      evidence: { topic: 'logs', first_offset: '0', count: 20 },
      history: [{ from: null, to: 'OPEN', by: { kind: 'system', id: 'rule:error-burst' } }],
    });

    const acknowledged = await post(id, 'acknowledge', { note: 'looking into it' });
    expect(acknowledged.status).toBe(200);
    const by = { kind: 'key', id: engineerId };
    expect(anomalyDetailSchema.parse(acknowledged.body)).toMatchObject({
      state: 'ACKNOWLEDGED',
      state_by: by,
      note: 'looking into it',
      history: [{ to: 'OPEN' }, { from: 'OPEN', to: 'ACKNOWLEDGED', by, note: 'looking into it' }],
    });
    const again = await post(id, 'acknowledge');
    expect([again.status, again.body.code]).toEqual([409, 'anomaly-handled']);

    const resolved = await post(id, 'resolve');
    expect(resolved.body).toMatchObject({ state: 'RESOLVED', note: null });
    expect((resolved.body.history as unknown[]).length).toBe(3);
    expect((await post(id, 'resolve')).status).toBe(409);
    expect((await post(id, 'acknowledge')).status).toBe(409);
    const { rows } = await server.platform.pool.query(
      "SELECT client_id, actor_kind, actor_id, action, subject, detail FROM audit_event WHERE action LIKE 'anomaly.%' ORDER BY audit_id",
    );
    expect(rows.map(({ action, detail }) => [action, detail])).toEqual([
      ['anomaly.acknowledged', { from: 'OPEN', to: 'ACKNOWLEDGED' }],
      ['anomaly.resolved', { from: 'ACKNOWLEDGED', to: 'RESOLVED' }],
    ]);
    expect(rows[0]).toMatchObject({ client_id: 'acme', actor_kind: 'key', actor_id: engineerId, subject: id });
  });

  it('is handled by one of several who try at once, also while findings of it come in', async () => {
    for (let round = 0; round < 8; round++) {
      const key = { dedupeKey: `race-${round}` };
      await write([sampleFinding(key)]);
      const [{ anomaly_id: id } = { anomaly_id: '' }] = await pages(`state=OPEN`);
      const tries = Array.from({ length: 5 }, () => post(id, 'resolve'));
      const more = Array.from({ length: 3 }, (_, n) => write([sampleFinding({ ...key, offset: 10 + n })]));
      const statuses = (await Promise.all(tries)).map(({ status }) => status).sort();
      const written = await Promise.all(more);
      expect(statuses).toEqual([200, 409, 409, 409, 409]);
      // Each finding is counted, with the anomaly or with the one that came after it.
      const { rows } = await server.platform.pool.query(
        'SELECT sum(repeats + 1)::int AS findings, count(*)::int AS n FROM anomaly_events WHERE dedupe_key = $1',
        [key.dedupeKey],
      );
      expect(rows[0].findings).toBe(4);
      expect(rows[0].n).toBe(1 + written.reduce((sum, { created }) => sum + created, 0));
      await server.platform.pool.query("UPDATE anomaly_events SET state = 'RESOLVED'");
    }
  });

  it('takes no note with personal data in it, and nothing that isn’t a note', async () => {
    await write([sampleFinding()]);
    const [{ anomaly_id: id } = { anomaly_id: '' }] = await pages('');
    const raw = await post(id, 'acknowledge', { note: 'told anna.schmidt@example.org' });
    expect([raw.status, raw.body.code]).toEqual([422, 'raw-pii-found']);
    for (const body of [{ note: 1 }, { remark: 'x' }, { note: 'a\u0000b' }, { note: '' }, []]) {
      expect((await post(id, 'acknowledge', body)).status).toBe(422);
    }
    expect((await get(`/${id}`)).body.state).toBe('OPEN');
    expect((await post(id, 'resolve', {}, client)).status).toBe(403);
    expect((await get('/not-an-id')).status).toBe(404);
    expect((await post('00000000-0000-4000-8000-000000000000', 'resolve')).status).toBe(404);
  });
});
