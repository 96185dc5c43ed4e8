import { randomUUID } from 'node:crypto';
import { type PoolClient, query } from '../../database/index.ts';
import type { Notice } from '../rules/notice.ts';

/** That an anomaly was handled, as the outbox has it. */
export interface StateRow {
  readonly alert_id: string;
  readonly anomaly_id: string | null;
  readonly kind: 'anomaly.acknowledged' | 'anomaly.resolved';
  readonly created_at: Date;
}

/**
 * Notes what became of anomalies, and has channels told that want to know.
 *
 * @returns rows that came before the alert that they are about: another process has it in hand at this moment
 */
export async function applyStates(
  tx: PoolClient,
  rows: readonly StateRow[],
  updated: ReadonlySet<string>,
): Promise<readonly string[]> {
  if (rows.length === 0) return [];
  const { rows: early } = await query<{ alert_id: string }>(
    tx,
    `SELECT s.alert_id FROM unnest($1::uuid[], $2::uuid[]) AS s (alert_id, anomaly_id)
      WHERE NOT EXISTS (SELECT FROM alert a WHERE a.alert_id = s.anomaly_id)
        AND EXISTS (SELECT FROM alert_outbox o WHERE o.alert_id = s.anomaly_id)`,
    [rows.map((row) => row.alert_id), rows.map((row) => row.anomaly_id)],
  );
  const known = rows.filter(({ alert_id }) => !early.some((each) => each.alert_id === alert_id));
  const anomalies = known.map((row) => row.anomaly_id);
  const { rows: alerts } = await query<{ alert_id: string }>(
    tx,
    `UPDATE alert a
        SET acknowledged_at = coalesce(a.acknowledged_at, s.acknowledged_at), resolved_at = coalesce(a.resolved_at, s.resolved_at)
       FROM (SELECT anomaly_id, min(at) FILTER (WHERE kind = 'anomaly.acknowledged') AS acknowledged_at,
                    min(at) FILTER (WHERE kind = 'anomaly.resolved') AS resolved_at
               FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS g (anomaly_id, kind, at) GROUP BY anomaly_id) s
      WHERE a.alert_id = s.anomaly_id RETURNING a.alert_id`,
    [anomalies, known.map((row) => row.kind), known.map((row) => row.created_at)],
  );
  // Whoever settles the messages of these has the rows; what comes after sees what became of them.
  const ids = alerts.map((row) => row.alert_id);
  const { rows: told } = await query<{ message_id: string }>(
    tx,
    `SELECT message_id FROM alert_delivery WHERE alert_id = ANY($1::uuid[]) AND message_id IS NOT NULL
      ORDER BY alert_id, channel FOR UPDATE`,
    [ids],
  );
  await tellStates(tx, [...new Set(told.map((row) => row.message_id))], updated);
  return early.map((row) => row.alert_id);
}

/**
 * Makes the messages that say that all of what a message told of is acknowledged, or resolved. Once for each.
 *
 * @param messages only those that were sent count
 * @param updated channels that want to know
 */
export async function tellStates(
  tx: PoolClient,
  messages: readonly string[],
  updated: ReadonlySet<string>,
): Promise<void> {
  if (messages.length === 0 || updated.size === 0) return;
  const { rows } = await query<{
    message_id: string;
    client_id: string;
    channel: string;
    notice: Notice;
    resolved: boolean;
    handled: boolean;
  }>(
    tx,
    `SELECT m.message_id, m.client_id, m.channel, m.notice, s.resolved, s.handled
       FROM alert_message m CROSS JOIN LATERAL (
            SELECT bool_and(a.resolved_at IS NOT NULL) AS resolved,
                   bool_and(a.resolved_at IS NOT NULL OR a.acknowledged_at IS NOT NULL) AS handled
              FROM alert_delivery d JOIN alert a USING (alert_id) WHERE d.message_id = m.message_id) s
      WHERE m.message_id = ANY($1::uuid[]) AND m.state = 'SENT' AND m.incident = m.message_id AND m.channel = ANY($2::text[])
        AND s.handled`,
    [messages, [...updated]],
  );
  const made = rows.map(({ message_id: incident, client_id, channel, notice, resolved }) => {
    const kind = resolved ? 'resolved' : 'acknowledged';
    const title = `${resolved ? 'Resolved' : 'Acknowledged'}: ${notice.title}`;
    return { message_id: randomUUID(), client_id, channel, kind, incident, notice: { ...notice, kind, title } };
  });
  await query(
    tx,
    `INSERT INTO alert_message (message_id, client_id, channel, kind, incident, notice)
     SELECT * FROM jsonb_to_recordset($1::jsonb)
         AS g (message_id uuid, client_id text, channel text, kind text, incident uuid, notice jsonb)
     ON CONFLICT (incident, kind) WHERE kind IN ('acknowledged', 'resolved') DO NOTHING`,
    [JSON.stringify(made)],
  );
}
