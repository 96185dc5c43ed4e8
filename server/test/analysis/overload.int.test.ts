import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import type { StreamDetectorFactory } from '../../src/detectors/index.ts';
import { aLog, type EventApiProcess, startApi, startStore } from '../events/support/pipeline.ts';
import { type AnalysisProcess, embeddedGround, openSender, ruleFile, startAnalysis } from './support/pipeline.ts';

const slowMs = 5;
/** Takes its time over each message, for which everybody else in the process waits. */
const slow: StreamDetectorFactory = {
  ...{ name: 'slow', version: '1', types: ['log'] },
  create: () => ({
    observe: () => {
      for (const until = performance.now() + slowMs; performance.now() < until; );
      return [];
    },
    snapshot: () => new Uint8Array(),
  }),
  restore: (scope) => slow.create(scope),
};

describe('more events than the analysis can take', () => {
  const maxBacklog = 20;
  const rules = ruleFile(`version: 1
rules:
  - { id: failed, title: Failed, form: pattern, events: log, where: { field: message, contains: failed } }
  - { id: all, title: All, form: threshold, events: log, count: 500, within: 1d }
`);
  let database: TestDatabase;
  let api: EventApiProcess;
  let store: { stop(): Promise<void> };
  let analysis: AnalysisProcess;
  beforeAll(async () => {
    database = await startTestDatabase();
    const ground = embeddedGround(database.dsn);
    analysis = await startAnalysis(ground, rules.path, { detectors: [slow] });
    store = await startStore(ground);
    api = await startApi(ground, { maxBacklog });
  });
  afterAll(async () => {
    await api.stop();
    await analysis.stop();
    await store.stop();
    await database.stop();
    rules.remove();
  });

  it('are turned away and told of once, and what was taken is all worked off', { timeout: 60_000 }, async () => {
    const sender = await openSender(embeddedGround(database.dsn));
    const statuses: number[] = [];
    const retryAfter = new Set<string | null>();
    // Of one user each, so that each is a message of its own in the log.
    const requests = Array.from({ length: 50 }, (_, n) =>
      Array.from({ length: 10 }, (__, i) =>
        aLog({ user_id: `tok_${(n * 10 + i).toString(16).padStart(32, '0')}`, message: i === 0 ? 'failed' : 'done' }),
      ),
    );
    let most = 0;
    const lane = async () => {
      for (let events = requests.pop(); events !== undefined; events = requests.pop()) {
        for (;;) {
          const { status, headers } = await api.post({ events });
          statuses.push(status);
          if (status === 200) break;
          retryAfter.add(headers.get('retry-after'));
          most = Math.max(most, await waiting());
          await sleep(300);
        }
      }
    };
    const waiting = async () =>
      (await sender.bus.lag('logs', 'sdp-analysis-logs')).reduce((sum, { lag }) => sum + Number(lag), 0);
    await Promise.all(Array.from({ length: 4 }, lane));
    await sender.settled();

    expect([...new Set(statuses)].toSorted()).toEqual([200, 503]);
    expect([...retryAfter]).toEqual(['5']);
    expect(most).toBeGreaterThan(maxBacklog);
    const { rows } = await sender.pool.query("SELECT payload->>'type' AS type FROM alert_outbox WHERE kind = 'system'");
    expect(rows).toEqual([{ type: 'overload' }]);
    expect(api.log.filter((line) => line.includes('events are turned away'))).toHaveLength(1);
    expect(await analysis.metric('sdp_analysis_events_total', { stage: 'logs' })).toBe(500);
    const found = Map.groupBy(await sender.anomalies(), ({ alert_type: type }) => type);
    expect([found.get('failed')?.length, found.get('all')?.length]).toEqual([50, 1]);
    await sender.stop();
  });
});
