import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import { shippedFile } from '../../src/topics/index.ts';
import { aLog, aMetric, aPayment } from '../events/support/pipeline.ts';
import {
  type AnalysisProcess,
  embeddedGround,
  type Ground,
  openSender,
  ruleFile,
  type Sender,
  startAnalysis,
} from './support/pipeline.ts';

const shipped = shippedFile('anomaly-rules.yml');
const user = `tok_${'0a'.repeat(16)}`;
const running: AnalysisProcess[] = [];
let database: TestDatabase;
let ground: Ground;
let sender: Sender;

beforeEach(async () => {
  database = await startTestDatabase();
  ground = embeddedGround(database.dsn);
  sender = await openSender(ground);
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
  await sender.stop();
  await database.stop();
});

async function start(...given: Parameters<typeof startAnalysis> extends [Ground, ...infer R] ? R : never) {
  const started = await startAnalysis(ground, ...given);
  running.push(started);
  return started;
}

const nowMs = () => Date.now() - 60_000;
const at = (ms: number) => new Date(ms).toISOString();
const errors = (count: number, fields = {}) =>
  Array.from({ length: count }, (_, i) => aLog({ level: 'ERROR', at: at(nowMs() + i), user_id: user, ...fields }));
const kinds = async () => (await sender.anomalies()).map(({ alert_type }) => alert_type).toSorted();

describe('the rules that SDP is shipped with', () => {
  it('find what they are for, once, whichever partition it stands in', async () => {
    const process = await start(shipped);
    const users = Array.from({ length: 20 }, (_, i) => `tok_${i.toString(16).padStart(32, '0')}`);
    await sender.send([
      // Twenty errors of the client, one of each of twenty users.
      ...users.flatMap((each) => errors(1, { user_id: each })),
      aLog({ message: 'payment failed' }),
      ...[85, 80, 91].map((cpu, i) =>
        aMetric({ host: 'db-1', at: at(nowMs() + i * 1_000), metrics: { cpu_percent: cpu } }),
      ),
      ...[85, 79.9, 91].map((cpu, i) =>
        aMetric({ host: 'db-2', at: at(nowMs() + i * 1_000), metrics: { cpu_percent: cpu, latency_ms: 1_000 } }),
      ),
      aMetric({ host: 'db-3', metrics: { cpu_percent: 80, latency_ms: 1_000.5 } }),
      aPayment({ amount: 10_000 }),
      aPayment({ amount: 10_000.01, user_id: users[1] as string }),
      ...Array.from({ length: 9 }, (_, i) => aPayment({ user_id: users[2] as string, at: at(nowMs() + i) })),
      ...Array.from({ length: 10 }, (_, i) => aPayment({ user_id: users[3] as string, at: at(nowMs() + i) })),
    ]);
    await sender.settled();
    expect(await kinds()).toEqual([
      'log-error-burst',
      'log-failed',
      'metric-cpu-and-latency',
      'metric-cpu-high',
      'metric-latency-high',
      'transaction-large',
      'transaction-user-burst',
    ]);
    const found = new Map((await sender.anomalies()).map((each) => [each.alert_type, each]));
    expect(found.get('log-error-burst')?.evidence).toMatchObject({ topic: 'anomaly.facts', count: 20 });
    expect(found.get('log-error-burst')?.evidence.event_ids).toHaveLength(20);
    expect(found.get('transaction-user-burst')).toMatchObject({ user_id: users[3], client_id: 'acme' });
    expect(found.get('metric-cpu-high')?.tags).toEqual({ area: 'metrics', host: 'db-1' });
    const { rows } = await sender.pool.query('SELECT count(*)::int AS n FROM alert_outbox');
    expect(rows).toEqual([{ n: 7 }]);
    expect(await process.metric('sdp_analysis_events_total', { stage: 'logs' })).toBe(21);
    expect(process.log.filter((line) => JSON.parse(line).level === 'error')).toEqual([]);
  });

  it('count an event that is sent twice once', async () => {
    const process = await start(shipped);
    const twice = errors(19).flatMap((event) => [event, event]);
    await sender.send(twice);
    await sender.send(twice);
    await sender.settled();
    expect(await kinds()).not.toContain('log-error-burst');
    expect(await process.metric('sdp_analysis_repeats_total', { stage: 'logs' })).toBe(57);
    await sender.send(errors(1));
    await sender.settled();
    expect(await kinds()).toContain('log-error-burst');
  });
});

describe('more than there is room for', () => {
  it('gives way within bounds, and is told of', async () => {
    const file = ruleFile(`version: 1
settings: { limits: { groups: 100 } }
rules:
  - { id: burst, title: Many errors, form: threshold, events: log, where: { field: level, equals: ERROR }, count: 2, within: 3m, group_by: [user_id] }
`);
    const process = await start(file.path);
    const users = Array.from({ length: 1_000 }, (_, i) => `tok_${i.toString(16).padStart(32, '0')}`);
    await sender.send(users.flatMap((each) => errors(1, { user_id: each })));
    await sender.settled();
    expect(await process.metric('sdp_analysis_state_groups', { stage: 'logs' })).toBe(300);
    expect(await process.metric('sdp_analysis_overload_total', { stage: 'logs', what: 'group' })).toBe(700);
    const told = process.log.map((line) => JSON.parse(line)).filter(({ what }) => what === 'group');
    expect(told).toMatchObject([{ level: 'warn', stage: 'logs' }]);
    file.remove();
  });
});

describe('state', () => {
  it.each([
    ['a snapshot', 5_000],
    ['the log alone', 0],
  ])('goes on from %s in another process', async (_, deadlineMs) => {
    const all = errors(20);
    const first = await start(shipped);
    await sender.send(all.slice(0, 19));
    await sender.settled();
    running.splice(0);
    await first.stop(deadlineMs);
    await sender.pool.query(deadlineMs === 0 ? 'DELETE FROM window_snapshot' : 'SELECT 1');
    await start(shipped);
    await sender.send(all.slice(19));
    await sender.settled();
    expect((await kinds()).filter((kind) => kind === 'log-error-burst')).toHaveLength(1);
    // What was found before is not found again.
    expect((await sender.anomalies()).every(({ repeats }) => repeats === 0)).toBe(true);
  });

  it('does without a snapshot that is damaged, and says so', async () => {
    const all = errors(20);
    const first = await start(shipped);
    await sender.send(all.slice(0, 19));
    await sender.settled();
    running.splice(0);
    await first.stop();
    await sender.pool.query(
      "UPDATE window_snapshot_shard SET payload = overlay(payload placing '\\x00'::bytea from 20)",
    );
    const second = await start(shipped);
    await sender.send(all.slice(19));
    await sender.settled();
    expect(await kinds()).toContain('log-error-burst');
    expect(second.log.join()).toContain('a snapshot of the analysis cannot be read');
  });
});

describe('rules that change', () => {
  const rule = (count: number) => `version: 1
rules:
  - { id: burst, title: Many errors, form: threshold, events: log, where: { field: level, equals: ERROR }, count: ${count}, within: 3m, group_by: [user_id] }
  - { id: slow, title: Slow, form: threshold, events: log, where: { field: level, equals: ERROR }, count: 4, within: 3m }
`;

  it('are taken up while events come, and those left alone keep what they have counted', async () => {
    const file = ruleFile(rule(100));
    const process = await start(file.path);
    await sender.send(errors(3));
    await sender.settled();
    file.write(rule(2));
    await expect.poll(() => process.metric('sdp_anomaly_rules_reloads_total'), { timeout: 5_000 }).toBe(1);
    await sender.send(errors(1));
    await sender.settled();
    // The changed one begins anew.
    expect(await kinds()).toEqual(['slow']);
    await sender.send(errors(1));
    await sender.settled();
    expect(await kinds()).toEqual(['burst', 'slow']);
    file.remove();
  });

  it('stay in force where the file is broken, which is told with its lines', async () => {
    const file = ruleFile(rule(2));
    const process = await start(file.path);
    file.write(rule(2).replace('form: threshold', 'form: thresold'));
    await expect.poll(() => process.metric('sdp_anomaly_rules_reload_failures_total'), { timeout: 5_000 }).toBe(1);
    file.remove();
    await expect.poll(() => process.metric('sdp_anomaly_rules_reload_failures_total'), { timeout: 5_000 }).toBe(2);
    await sender.send(errors(2));
    await sender.settled();
    expect(await kinds()).toEqual(['burst']);
    const warning = process.log
      .map((line) => JSON.parse(line))
      .find(({ level, findings }) => level === 'warn' && findings);
    expect(warning.findings).toMatchObject([{ line: 3, field: 'rules.0.form' }]);
    const { rows } = await sender.pool.query("SELECT payload->>'type' AS type FROM alert_outbox WHERE kind = 'system'");
    expect(rows).toEqual([{ type: 'anomaly-rules-invalid' }, { type: 'anomaly-rules-invalid' }]);
  });
});

describe('absences', () => {
  it('are noticed though nothing comes any more, once', async () => {
    const file = ruleFile(`version: 1
rules:
  - { id: silent, title: Silent, form: absence, events: metric, within: 1s, group_by: [host] }
  - { id: nothing, title: Nothing, form: absence, events: metric, within: 1s }
`);
    await start(file.path);
    // Taken a while ago, so that the test need not wait for it.
    await sender.send([aMetric({ host: 'a' }), aMetric({ host: 'b' })], new Date(Date.now() - 60_000));
    await sender.settled();
    await expect.poll(kinds, { timeout: 20_000 }).toEqual(['nothing', 'silent', 'silent']);
    await sleep(2_500);
    await sender.send([aMetric({ host: 'b' })]);
    await sender.settled();
    expect(await kinds()).toEqual(['nothing', 'silent', 'silent']);
    expect((await sender.anomalies()).every(({ repeats }) => repeats === 0)).toBe(true);
    file.remove();
  });
});
