import { type Pool, type PoolClient, query, withTransaction } from '../../database/index.ts';
import type { Alert } from '../rules/alert.ts';
import type { AlertsConfig } from '../rules/alert-config.ts';
import { dueAt, targetsOf } from '../rules/routing-rules.ts';
import { type Silence, silenceOf } from '../rules/silence-rules.ts';
import { alertOfOutbox, type OutboxRow, rowOfAlert } from './alert-row.ts';
import { databaseNow } from './database-time.ts';
import { activeSilences } from './silence-store.ts';
import { applyStates, type StateRow } from './state-updates.ts';

export interface IntakeOptions {
  readonly pool: Pool;
  readonly config: AlertsConfig;
  /** Channels that are there; the others get nothing. */
  readonly channels: ReadonlySet<string>;
  /** Channels that are told what becomes of what they were told of. */
  readonly updated: ReadonlySet<string>;
}

export interface Taken {
  readonly rows: number;
  /** Alerts that a silence kept back. */
  readonly silenced: readonly { readonly channel: string }[];
}

const batchSize = 500;

/** One alert on one channel, for the statement that stores them. */
interface DeliveryRow {
  readonly alert_id: string;
  readonly client_id: string;
  readonly channel: string;
  readonly route: string;
  readonly labels: string;
  readonly due_at: string;
  /** After the group was told of something. */
  readonly interval_ms: number;
  readonly silence_id: string | null;
}

/**
 * Moves alerts from the outbox into the groups of their channels, in one transaction: an alert is in one or the other. Several
 * processes may do so at once; each takes what no other has in hand.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export function takeAlerts({ pool, config, channels, updated }: IntakeOptions): Promise<Taken> {
  return withTransaction(pool, async (tx) => {
    const { rows } = await query<OutboxRow>(
      tx,
      `SELECT alert_id, client_id, anomaly_id, kind, created_at, level, payload FROM alert_outbox
        WHERE state = 'pending' AND due_at <= clock_timestamp() ORDER BY due_at, alert_id LIMIT ${batchSize}
          FOR UPDATE SKIP LOCKED`,
    );
    if (rows.length === 0) return { rows: 0, silenced: [] };
    const states = rows.filter(isState);
    const alerts = rows.filter((row) => !isState(row)).map(alertOfOutbox);
    const deliveries = await route(tx, alerts, config, channels);
    // Before groups are locked: who settles a message locks in this order too.
    const early = await applyStates(tx, states, updated);
    await store(tx, alerts, deliveries);
    await query(
      tx,
      `WITH later AS (
         UPDATE alert_outbox SET due_at = clock_timestamp() + interval '500 milliseconds' WHERE alert_id = ANY($2::uuid[])
       )
       DELETE FROM alert_outbox WHERE alert_id = ANY($1::uuid[]) AND alert_id <> ALL($2::uuid[])`,
      [rows.map((row) => row.alert_id), early],
    );
    // Other processes may serve the channels.
    await query(tx, "SELECT pg_notify('sdp_alerts', '')");
    return { rows: rows.length - early.length, silenced: deliveries.filter((row) => row.silence_id !== null) };
  });
}

function isState(row: OutboxRow): row is OutboxRow & StateRow {
  return row.kind === 'anomaly.acknowledged' || row.kind === 'anomaly.resolved';
}

async function route(
  tx: PoolClient,
  alerts: readonly Alert[],
  config: AlertsConfig,
  channels: ReadonlySet<string>,
): Promise<DeliveryRow[]> {
  const silences: readonly Silence[] = alerts.length > 0 ? await activeSilences(tx) : [];
  const now = await databaseNow(tx);
  return alerts.flatMap((alert) => {
    const silence = silenceOf(silences, alert, now);
    return targetsOf(config.route, alert)
      .filter(({ channel }) => channels.has(channel))
      .map(({ route: { key, groupIntervalMs, ...waits }, channel, labels }) => ({
        ...{ alert_id: alert.alertId, client_id: alert.clientId, channel, route: key },
        labels: JSON.stringify(labels),
        due_at: dueAt({ ...waits, groupIntervalMs }, now, null).toISOString(),
        interval_ms: groupIntervalMs,
        silence_id: silence?.silenceId ?? null,
      }));
  });
}

/** A group that has something waiting already keeps its time, unless the new one is due earlier. */
const storeSql = `
  WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($2::jsonb) AS g (alert_id uuid, client_id text, channel text, route text, labels text,
           due_at timestamptz, interval_ms float8, silence_id uuid)
  ), alerts AS (
    INSERT INTO alert (alert_id, client_id, anomaly_id, kind, type, level, title, message, tags, numbers, created_at)
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS a (alert_id uuid, client_id text, anomaly_id uuid, kind text, type text,
           level text, title text, message text, tags jsonb, numbers jsonb, created_at timestamptz)
    ON CONFLICT (alert_id) DO NOTHING
    RETURNING alert_id
  ), groups AS (
    INSERT INTO alert_group AS g (client_id, channel, route, labels, due_at)
    SELECT client_id, channel, route, labels, min(due_at) FILTER (WHERE silence_id IS NULL)
      FROM given WHERE alert_id IN (SELECT alert_id FROM alerts)
     GROUP BY client_id, channel, route, labels ORDER BY client_id, channel, route, labels
    ON CONFLICT (client_id, channel, route, md5(labels)) DO UPDATE
      SET due_at = CASE WHEN EXCLUDED.due_at IS NULL THEN g.due_at
                        ELSE least(g.due_at, greatest(EXCLUDED.due_at, g.told_at + make_interval(secs => (
                             SELECT max(interval_ms) / 1000 FROM given e WHERE e.route = g.route)))) END
    RETURNING group_id, client_id, channel, route, labels
  )
  INSERT INTO alert_delivery (alert_id, channel, client_id, group_id, state, silence_id, settled_at)
  SELECT d.alert_id, channel, client_id, group_id, CASE WHEN silence_id IS NULL THEN 'WAITING' ELSE 'SILENCED' END, silence_id,
         CASE WHEN silence_id IS NULL THEN NULL ELSE clock_timestamp() END
    FROM given d JOIN alerts USING (alert_id) JOIN groups USING (client_id, channel, route, labels)
  ON CONFLICT DO NOTHING`;

async function store(tx: PoolClient, alerts: readonly Alert[], deliveries: readonly DeliveryRow[]): Promise<void> {
  if (alerts.length === 0) return;
  await query(tx, storeSql, [JSON.stringify(alerts.map(rowOfAlert)), JSON.stringify(deliveries)]);
}
