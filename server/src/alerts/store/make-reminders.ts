import { randomUUID } from 'node:crypto';
import { type PoolClient, query } from '../../database/index.ts';
import { alertLevels } from '../rules/alert.ts';
import type { AlertsConfig, ChannelConfig, Route } from '../rules/alert-config.ts';
import { maxShownAlerts } from '../rules/notice-rules.ts';
import { heldUntil } from '../rules/quiet-hours-rules.ts';
import { routeFinder } from '../rules/routing-rules.ts';
import { silenceOf } from '../rules/silence-rules.ts';
import { type AlertRow, alertOfRow } from './alert-row.ts';
import { activeSilences } from './silence-store.ts';
import { type GroupRow, writeMessage } from './write-message.ts';

/** Open alerts of one group that a reminder counts. */
const maxOpen = 1_000;

/**
 * Says again what a group told of and nobody has acknowledged or resolved since, after its route's `repeat_interval`. What silences or
 * quiet hours cover is left out, and looked at again when they may have ended.
 *
 * @param free places for messages
 * @returns how many were made
 */
export async function makeReminders(
  tx: PoolClient,
  config: AlertsConfig,
  channel: ChannelConfig,
  free: number,
  now: Date,
): Promise<number> {
  if (free <= 0) return 0;
  const { rows: groups } = await query<GroupRow>(
    tx,
    `SELECT group_id, client_id, route, labels FROM alert_group
      WHERE channel = $1 AND remind_at <= clock_timestamp() AND message_id IS NULL AND due_at IS NULL
      ORDER BY remind_at LIMIT $2`,
    [channel.name, free],
  );
  if (groups.length === 0) return 0;
  const silences = await activeSilences(tx);
  const routeOf = routeFinder(config.route);
  let made = 0;
  for (const group of groups) {
    const route = routeOf(group.route);
    const { rows } = await query<AlertRow>(
      tx,
      `SELECT a.* FROM alert_delivery d JOIN alert a USING (alert_id)
        WHERE d.group_id = $1 AND d.state = 'DELIVERED' AND a.anomaly_id IS NOT NULL
          AND a.acknowledged_at IS NULL AND a.resolved_at IS NULL
        ORDER BY array_position($2::text[], a.level) DESC, a.created_at, a.alert_id LIMIT ${maxOpen}`,
      [group.group_id, alertLevels],
    );
    const open = rows.map(alertOfRow);
    const shown = open.filter(
      (alert) => !heldUntil(route.quietHours, alert.level, now) && !silenceOf(silences, alert, now),
    );
    const messageId = shown.length > 0 ? randomUUID() : null;
    await query(tx, 'UPDATE alert_group SET message_id = $2, remind_at = $3 WHERE group_id = $1', [
      group.group_id,
      messageId,
      open.length > 0 ? nextReminder(route, now) : null,
    ]);
    if (messageId === null) continue;
    made++;
    await writeMessage(tx, config, {
      ...{ messageId, incident: messageId, clientId: group.client_id, channel: channel.name, kind: 'reminder' },
      alerts: shown.slice(0, maxShownAlerts),
      counts: shown.map(({ level, type }) => ({ level, type, count: 1 })),
    });
  }
  return made;
}

/** @returns undefined where the route has none */
export function nextReminder({ repeatIntervalMs }: Route, now: Date): Date | undefined {
  return repeatIntervalMs === undefined ? undefined : new Date(now.getTime() + repeatIntervalMs);
}
