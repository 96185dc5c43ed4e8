import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { vi } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../../test/support/postgres.ts';
import {
  type AlertWorker,
  type LiveAlerts,
  loadAlerts,
  startAlertWorker,
  startLiveAlerts,
} from '../../src/alerts/index.ts';
import { createPool, type Pool } from '../../src/database/index.ts';

/** The worker on a database of its own, with a file of alerts that tests write. */
export interface Alerting {
  readonly database: TestDatabase;
  readonly pool: Pool;
  /** Every line of the log. */
  readonly log: string[];
  readonly registry: Registry;
  start(yaml: string, secrets?: Readonly<Record<string, string>>): AlertWorker;
  /** By a file that the test may change; it is looked at when the test says so. */
  startLive(path: string, secrets?: Readonly<Record<string, string>>): LiveAlerts;
  /** For files of a test. */
  readonly folder: string;
  stop(): Promise<void>;
  /** Starts afresh: no alert, no group, no silence. */
  clear(): Promise<void>;
  raise(alert?: Partial<RaisedAlert>): Promise<string>;
  /** In one statement. @returns their ids */
  raiseAll(alerts: readonly Partial<RaisedAlert>[]): Promise<string[]>;
  close(): Promise<void>;
}

export interface RaisedAlert {
  readonly clientId: string | null;
  readonly type: string;
  readonly level: string;
  readonly title: string;
  readonly message: string;
  readonly tags: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
}

export async function openAlerting(): Promise<Alerting> {
  const database = await startTestDatabase();
  const pool = createPool({ dsn: database.dsn, applicationName: 'test', maxConnections: 16 });
  const folder = mkdtempSync(join(tmpdir(), 'sdp-alerts-'));
  const log: string[] = [];
  const note = (fields: object, message: string) => void log.push(JSON.stringify({ ...fields, message }));
  let registry = new Registry();
  const workers = new Set<Pick<AlertWorker, 'close'>>();
  const stop = async (): Promise<void> => {
    await Promise.all([...workers].map((worker) => worker.close(2_000)));
    workers.clear();
  };
  return {
    database,
    pool,
    log,
    get registry() {
      return registry;
    },
    start: (yaml, secrets = {}) => {
      const path = join(folder, `${randomUUID()}.yml`);
      writeFileSync(path, yaml);
      registry = new Registry();
      const worker = startAlertWorker({
        ...{ pool, registry, retentionDays: 90, pollMs: 200 },
        logger: { info: note, warn: note, error: note } as never,
        alerts: loadAlerts({ path, variable: (name) => secrets[name] }),
      });
      workers.add(worker);
      return worker;
    },
    startLive: (path, secrets = {}) => {
      registry = new Registry();
      const worker = startLiveAlerts({
        ...{ pool, registry, path, retentionDays: 90, pollMs: 200, everyMs: 3_600_000 },
        logger: { info: note, warn: note, error: note } as never,
        variable: (name) => secrets[name],
      });
      workers.add(worker);
      return worker;
    },
    folder,
    stop,
    clear: async () => {
      await pool.query(
        'TRUNCATE alert, alert_group, alert_message, alert_delivery, alert_channel, alert_silence, alert_outbox, anomaly_events, anomaly_state_change',
      );
    },
    raise: async (alert = {}) => (await raiseAll(pool, [alert]))[0] as string,
    raiseAll: (alerts) => raiseAll(pool, alerts),
    close: async () => {
      vi.restoreAllMocks();
      await stop();
      await pool.end();
      await database.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As `writeAnomalies` does: an alert has the id of its anomaly. */
async function raiseAll(pool: Pool, alerts: readonly Partial<RaisedAlert>[]): Promise<string[]> {
  const rows = alerts.map((alert) => {
    const { clientId = 'acme', type = 'latency_high', level = 'WARNING', title = 'Latency is high' } = alert;
    const { message = 'p95 above its limit', tags = { host: 'web-1' }, metrics = { latency_ms: 1_532.5 } } = alert;
    const payload = { type, title, message, tags, metrics, detector: 'rule:test' };
    return { alert_id: randomUUID(), client_id: clientId, level, payload };
  });
  await pool.query(
    `INSERT INTO alert_outbox (alert_id, client_id, anomaly_id, kind, level, payload)
     SELECT alert_id, client_id, alert_id, 'anomaly', level, payload
       FROM jsonb_to_recordset($1::jsonb) AS g (alert_id uuid, client_id text, level text, payload jsonb)`,
    [JSON.stringify(rows)],
  );
  return rows.map(({ alert_id }) => alert_id);
}

/** Delays before another attempt are drawn at random: these are from the short end, so that tests don't wait. Ends with `close`. */
export function drawShortDelays(): void {
  vi.spyOn(Math, 'random').mockReturnValue(0.05);
}

/** As the API does when somebody handles an anomaly. */
export async function handle(pool: Pool, anomalyId: string, state: 'ACKNOWLEDGED' | 'RESOLVED', clientId = 'acme') {
  await pool.query(
    `INSERT INTO anomaly_state_change (client_id, anomaly_id, from_state, to_state, actor_kind, actor_id)
     VALUES ($1, $2, 'OPEN', $3, 'user', 'someone')`,
    [clientId, anomalyId, state],
  );
}

/** What became of each alert: `channel:STATE`. */
export async function outcomes(pool: Pool): Promise<Record<string, string[]>> {
  const { rows } = await pool.query<{ alert_id: string; states: string[] }>(
    `SELECT a.alert_id, array(SELECT channel || ':' || state FROM alert_delivery d WHERE d.alert_id = a.alert_id ORDER BY 1) AS states
       FROM alert a ORDER BY created_at`,
  );
  return Object.fromEntries(rows.map(({ alert_id, states }) => [alert_id, states]));
}

/** Until nothing waits any more. */
export async function settled(pool: Pool, timeoutMs = 20_000): Promise<void> {
  await until(async () => {
    const { rows } = await pool.query(
      `SELECT (SELECT count(*) FROM alert_outbox) + (SELECT count(*) FROM alert_delivery WHERE state IN ('WAITING', 'SENDING'))
            + (SELECT count(*) FROM alert_message WHERE state = 'PENDING') AS n`,
    );
    return Number(rows[0].n) === 0;
  }, timeoutMs);
}

export async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; !(await isSo()); ) {
    if (Date.now() > deadline) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
