import type { Notification } from '@sdp/shared/contracts';
import { type Queryable, query } from '../../database/index.ts';
import { guardText } from '../rules/guard-rules.ts';
import type { AlertRow } from './alert-row.ts';

export interface AlertFilter {
  readonly clientId?: string | undefined;
  readonly level?: string | undefined;
  readonly type?: string | undefined;
  readonly channel?: string | undefined;
  readonly state?: string | undefined;
  readonly from?: Date | undefined;
  readonly before?: Date | undefined;
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
}

interface DeliveryJson {
  readonly channel: string;
  readonly state: Notification['deliveries'][number]['state'];
  readonly reason: string | null;
  readonly attempts: number;
  readonly message_id: string | null;
  readonly silence_id: string | null;
  readonly at: string | null;
}

interface ListedRow extends AlertRow {
  readonly acknowledged_at: Date | null;
  readonly resolved_at: Date | null;
  readonly deliveries: readonly DeliveryJson[];
}

/** Alerts with what became of them, newest first. Of tags and numbers the anomaly tells. @throws {UnavailableError} `database-unavailable` */
export async function listAlerts(db: Queryable, filter: AlertFilter): Promise<readonly Notification[]> {
  const { clientId, level, type, channel, state, from, before, after, limit } = filter;
  const { rows } = await query<ListedRow>(
    db,
    `SELECT a.*, coalesce((
              SELECT jsonb_agg(jsonb_build_object('channel', d.channel, 'state', d.state, 'reason', coalesce(d.reason, m.reason),
                       'attempts', coalesce(m.attempts, 0), 'message_id', d.message_id, 'silence_id', d.silence_id,
                       'at', d.settled_at) ORDER BY d.channel)
                FROM alert_delivery d LEFT JOIN alert_message m USING (message_id) WHERE d.alert_id = a.alert_id),
            '[]') AS deliveries
       FROM alert a
      WHERE ($1::text IS NULL OR a.client_id = $1) AND ($2::text IS NULL OR a.level = $2) AND ($3::text IS NULL OR a.type = $3)
        AND (($4::text IS NULL AND $5::text IS NULL) OR EXISTS (
             SELECT FROM alert_delivery d WHERE d.alert_id = a.alert_id
                AND ($4::text IS NULL OR d.channel = $4) AND ($5::text IS NULL OR d.state = $5)))
        AND ($6::timestamptz IS NULL OR a.created_at >= $6) AND ($7::timestamptz IS NULL OR a.created_at < $7)
        AND ($8::timestamptz IS NULL OR (a.created_at, a.alert_id) < ($8, $9::uuid))
      ORDER BY a.created_at DESC, a.alert_id DESC LIMIT $10`,
    [
      ...[clientId ?? null, level ?? null, type ?? null, channel ?? null, state ?? null],
      ...[from ?? null, before ?? null, after?.at ?? null, after?.id ?? null, limit],
    ],
  );
  return rows.map(present);
}

function present(row: ListedRow): Notification {
  const time = (at: Date | null) => at?.toISOString() ?? null;
  const { alert_id, client_id, anomaly_id, kind, level, deliveries } = row;
  return {
    ...{ alert_id, client_id, anomaly_id, kind, level },
    type: guardText(row.type),
    title: guardText(row.title),
    message: guardText(row.message),
    created_at: row.created_at.toISOString(),
    acknowledged_at: time(row.acknowledged_at),
    resolved_at: time(row.resolved_at),
    deliveries: deliveries.map((each) => ({ ...each, at: each.at === null ? null : new Date(each.at).toISOString() })),
  };
}
