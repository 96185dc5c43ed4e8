import { type Pool, query } from '../../database/index.ts';
import type { AlertsConfig } from '../rules/alert-config.ts';
import { allRoutes } from '../rules/routing-rules.ts';

/**
 * Holds what waits to the times of the file in force: nothing waits longer than that says from now on, and nothing becomes due later
 * than it was. What quiet hours held back is looked at again. Reminders keep the distance that is said now.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export async function retimeGroups(pool: Pool, config: AlertsConfig, channels: readonly string[]): Promise<void> {
  const routes = allRoutes(config.route).map(({ key, groupWaitMs, groupIntervalMs, repeatIntervalMs }) => ({
    ...{ key, wait_ms: groupWaitMs, interval_ms: groupIntervalMs, repeat_ms: repeatIntervalMs ?? null },
  }));
  await query(
    pool,
    `WITH routes AS (
       SELECT * FROM jsonb_to_recordset($2::jsonb) AS r (key text, wait_ms float8, interval_ms float8, repeat_ms float8)
     ), held AS MATERIALIZED (
       SELECT group_id, route FROM alert_group g
        WHERE channel = ANY($1::text[]) AND message_id IS NULL AND (due_at IS NOT NULL OR remind_at IS NOT NULL OR EXISTS (
              SELECT FROM alert_delivery d WHERE d.group_id = g.group_id AND d.state = 'WAITING'))
        ORDER BY client_id, channel, route, labels FOR UPDATE
     ), timed AS (
       SELECT group_id, make_interval(secs => r.wait_ms / 1000) AS wait, make_interval(secs => r.interval_ms / 1000) AS distance,
              make_interval(secs => r.repeat_ms / 1000) AS repeat,
              EXISTS (SELECT FROM alert_delivery d WHERE d.group_id = held.group_id AND d.state = 'WAITING') AS waits
         FROM held JOIN routes r ON r.key = CASE WHEN route IN (SELECT key FROM routes) THEN route ELSE $3 END
     )
     UPDATE alert_group g
        SET due_at = CASE WHEN t.waits THEN least(coalesce(g.due_at, clock_timestamp()),
                          greatest(clock_timestamp() + t.wait, g.told_at + t.distance)) ELSE g.due_at END,
            remind_at = CASE WHEN g.remind_at IS NOT NULL THEN coalesce(g.told_at, clock_timestamp()) + t.repeat END
       FROM timed t WHERE g.group_id = t.group_id`,
    [channels, JSON.stringify(routes), config.route.key],
  );
}
