import { type Pool, query } from '../../database/index.ts';

/** So long nobody has served a channel before it counts as gone: a process with another file may be starting. */
const patience = '10 minutes';
/** Where it is known that it was removed: others look at their file every two seconds. */
const removedPatience = '5 seconds';
/** So long it waits where nobody is there to take it: the file may be set right. */
const heirlessPatience = '1 day';

export interface OrphanOptions {
  /** That are there. */
  readonly channels: readonly string[];
  /** Channels of the outermost route that are there. */
  readonly heirs: readonly string[];
  /** That were there a short while ago. */
  readonly removed: readonly string[];
}

/** Whether nobody serves a channel any longer, and for how long. */
const isGone = (channel: string, since: string) => `${channel} <> ALL($1::text[])
  AND (${channel} = ANY($2::text[]) OR ${since} < clock_timestamp() - interval '${patience}')
  AND NOT EXISTS (SELECT FROM alert_channel c WHERE c.channel = ${channel} AND c.leased_until > clock_timestamp() -
                         CASE WHEN ${channel} = ANY($2::text[]) THEN interval '${removedPatience}' ELSE interval '${patience}' END)`;

/**
 * Gives what waits for a channel that is no longer in the file to the channels of the outermost route. On the channel that is gone it
 * counts as failed. Where the outermost route has none it waits for a day, and then fails.
 *
 * @returns how many alerts
 * @throws {UnavailableError} `database-unavailable`
 */
export async function adoptOrphans(pool: Pool, { channels, heirs, removed }: OrphanOptions): Promise<number> {
  await endRest(pool, channels, removed);
  let adopted = 0;
  for (;;) {
    const { rows } = await query<{ count: number }>(pool, adoptSql, [channels, removed, heirs]);
    const count = rows[0]?.count ?? 0;
    adopted += count;
    if (count === 0) return adopted;
  }
}

const adoptSql = `
  WITH gone AS MATERIALIZED (
    SELECT d.alert_id, d.channel, d.client_id, d.message_id, g.group_id, g.labels
      FROM alert_delivery d JOIN alert a USING (alert_id) JOIN alert_group g USING (group_id)
     WHERE d.state IN ('WAITING', 'SENDING') AND ${isGone('d.channel', 'a.taken_at')}
       AND (cardinality($3::text[]) > 0 OR a.taken_at < clock_timestamp() - interval '${heirlessPatience}')
     LIMIT 5000 FOR UPDATE OF d SKIP LOCKED
  ), messages AS (
    UPDATE alert_message SET state = 'FAILED', reason = 'channel-removed', settled_at = clock_timestamp()
     WHERE state = 'PENDING' AND message_id IN (SELECT message_id FROM gone)
  ), failed AS (
    UPDATE alert_delivery d SET state = 'FAILED', reason = 'channel-removed', settled_at = clock_timestamp()
      FROM gone WHERE d.alert_id = gone.alert_id AND d.channel = gone.channel
  ), closed AS (
    UPDATE alert_group SET due_at = NULL, remind_at = NULL, message_id = NULL WHERE group_id IN (SELECT group_id FROM gone)
  ), heirs AS (
    SELECT DISTINCT ON (alert_id, heir) alert_id, heir, client_id, labels, 'fallback:' || channel || ':channel-removed' AS route
      FROM gone, unnest($3::text[]) AS heir
     WHERE NOT EXISTS (SELECT FROM alert_delivery o WHERE o.alert_id = gone.alert_id AND o.channel = heir)
  ), groups AS (
    INSERT INTO alert_group AS g (client_id, channel, route, labels, due_at)
    SELECT DISTINCT client_id, heir, route, labels, clock_timestamp() FROM heirs
    ON CONFLICT (client_id, channel, route, md5(labels)) DO UPDATE SET due_at = least(g.due_at, EXCLUDED.due_at)
    RETURNING group_id, client_id, channel, route, labels
  ), given AS (
    INSERT INTO alert_delivery (alert_id, channel, client_id, group_id)
    SELECT h.alert_id, h.heir, h.client_id, g.group_id
      FROM heirs h JOIN groups g ON g.channel = h.heir AND g.client_id = h.client_id AND g.route = h.route AND g.labels = h.labels
    ON CONFLICT DO NOTHING
  )
  SELECT count(DISTINCT alert_id)::int AS count FROM gone`;

/** Reminders, and what became of something: nobody else was told of it before. */
async function endRest(pool: Pool, channels: readonly string[], removed: readonly string[]): Promise<void> {
  await query(
    pool,
    `WITH ended AS (
       UPDATE alert_message m SET state = 'FAILED', reason = 'channel-removed', settled_at = clock_timestamp()
        WHERE state = 'PENDING' AND kind IN ('reminder', 'acknowledged', 'resolved') AND ${isGone('m.channel', 'm.created_at')}
       RETURNING message_id
     )
     UPDATE alert_group SET message_id = NULL, remind_at = NULL WHERE message_id IN (SELECT message_id FROM ended)`,
    [channels, removed],
  );
}
