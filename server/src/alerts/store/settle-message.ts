import { type Pool, type PoolClient, query, withTransaction } from '../../database/index.ts';
import type { AlertsConfig, ChannelConfig } from '../rules/alert-config.ts';
import { failuresUntilDown, type Outcome, retryDelayMs } from '../rules/retry-rules.ts';
import { routeFinder } from '../rules/routing-rules.ts';
import { type ChannelState, noteChannel } from './channel-lease.ts';
import { databaseNow } from './database-time.ts';
import { nextReminder } from './make-reminders.ts';
import { tellStates } from './state-updates.ts';

export interface SettleOptions {
  readonly pool: Pool;
  readonly config: AlertsConfig;
  readonly channel: ChannelConfig;
  readonly channels: ReadonlySet<string>;
  readonly updated: ReadonlySet<string>;
}

export interface Settled {
  /** What is written down. */
  readonly kind: Outcome['kind'];
  readonly state: ChannelState;
  /** Alerts that the message told of first. */
  readonly alerts: number;
}

/**
 * Writes down what became of an attempt to send a message. Sent: its alerts are delivered. Refused: they failed on this channel, with
 * the reason, and go to its fallback where it has one; without one a message whose sender is not known to the receiver waits for
 * somebody to set that right. Else the message is sent again later.
 *
 * @throws {UnavailableError} `database-unavailable`; the message is then sent once more, under the same id
 */
export function settleMessage(
  options: SettleOptions,
  message: { readonly messageId: string; readonly attempts: number },
  given: Outcome,
): Promise<Settled> {
  const { pool, channel } = options;
  const outcome = keptOutcome(options, given);
  return withTransaction(pool, async (tx) => {
    if (outcome.kind === 'retry') {
      return { kind: 'retry', state: await sendLater(tx, channel.name, message, outcome), alerts: 0 };
    }
    const { messageId } = message;
    const isSent = outcome.kind === 'sent';
    const reason = isSent ? null : outcome.reason;
    const { rowCount } = await query(
      tx,
      `UPDATE alert_message SET state = $2, reason = $3, attempts = attempts + 1, settled_at = clock_timestamp()
        WHERE message_id = $1 AND state = 'PENDING'`,
      [messageId, isSent ? 'SENT' : 'FAILED', reason],
    );
    const state = await noteChannel(tx, channel.name, {
      failed: false,
      pauseMs: isSent ? outcome.pauseMs : undefined,
    });
    // A process that had lost the channel and sent it all the same may have been first.
    if (rowCount === 0) return { kind: outcome.kind, state, alerts: 0 };
    const { rowCount: alerts } = await query(
      tx,
      `UPDATE alert_delivery SET state = $2, reason = $3, settled_at = clock_timestamp() WHERE message_id = $1`,
      [messageId, isSent ? 'DELIVERED' : 'FAILED', reason],
    );
    if (!isSent) await fallBack(tx, options, messageId, outcome.reason);
    await releaseGroups(tx, options, messageId);
    if (isSent) await tellStates(tx, [messageId], options.updated);
    return { kind: outcome.kind, state, alerts: alerts ?? 0 };
  });
}

function keptOutcome({ channel: { fallback }, channels }: SettleOptions, outcome: Outcome): Outcome {
  const hasFallback = fallback !== undefined && channels.has(fallback);
  if (outcome.kind !== 'refused' || !outcome.isUnauthorized || hasFallback) return outcome;
  return { kind: 'retry', reason: outcome.reason };
}

async function sendLater(
  tx: PoolClient,
  channel: string,
  { messageId, attempts }: { readonly messageId: string; readonly attempts: number },
  { reason, afterMs }: Extract<Outcome, { kind: 'retry' }>,
): Promise<ChannelState> {
  const delayMs = retryDelayMs(attempts + 1, Math.random(), afterMs);
  await query(
    tx,
    `UPDATE alert_message SET attempts = attempts + 1, reason = $2,
            next_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
      WHERE message_id = $1 AND state = 'PENDING'`,
    [messageId, reason, delayMs],
  );
  const state = await noteChannel(tx, channel, { failed: true, pauseMs: afterMs });
  // Down: the channel waits as a whole, longer and longer, and one message tries it then.
  const { failures } = state;
  if (failures < failuresUntilDown || afterMs !== undefined) return state;
  const pauseMs = retryDelayMs(failures - failuresUntilDown + 1, Math.random());
  await query(
    tx,
    `UPDATE alert_channel SET blocked_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000) WHERE channel = $1`,
    [channel, pauseMs],
  );
  return { failures, blockedMs: pauseMs };
}

/** What waits in the groups meanwhile is due by the distance from now; what nobody handles is reminded of. */
async function releaseGroups(tx: PoolClient, { config, channel }: SettleOptions, messageId: string): Promise<void> {
  const { rows } = await query<{ group_id: string; route: string }>(
    tx,
    'SELECT group_id, route FROM alert_group WHERE message_id = $1 ORDER BY client_id, channel, route, labels FOR UPDATE',
    [messageId],
  );
  const routeOf = routeFinder(config.route);
  const now = await databaseNow(tx);
  const released = rows.map(({ group_id, route: key }) => {
    const route = routeOf(key);
    const remind = channel.type === 'pagerduty' ? undefined : nextReminder(route, now);
    const due = new Date(now.getTime() + route.groupIntervalMs);
    return { group_id, due_at: due.toISOString(), remind_at: remind?.toISOString() ?? null };
  });
  await query(
    tx,
    `UPDATE alert_group g
        SET message_id = NULL, told_at = clock_timestamp(), remind_at = r.remind_at,
            due_at = CASE WHEN EXISTS (SELECT FROM alert_delivery d WHERE d.group_id = g.group_id AND d.state = 'WAITING')
                          THEN r.due_at END
       FROM jsonb_to_recordset($1::jsonb) AS r (group_id uuid, due_at timestamptz, remind_at timestamptz)
      WHERE g.group_id = r.group_id`,
    [JSON.stringify(released)],
  );
}

/** Gives what a channel refused to the one that is told in its place, as a group of its own. */
async function fallBack(
  tx: PoolClient,
  { channel, channels }: SettleOptions,
  messageId: string,
  reason: string,
): Promise<void> {
  const { fallback } = channel;
  if (fallback === undefined || !channels.has(fallback)) return;
  await query(
    tx,
    `WITH failed AS MATERIALIZED (
       SELECT d.alert_id, d.client_id, g.labels FROM alert_delivery d JOIN alert_group g USING (group_id)
        WHERE d.message_id = $1
          AND NOT EXISTS (SELECT FROM alert_delivery o WHERE o.alert_id = d.alert_id AND o.channel = $2)
     ), groups AS (
       INSERT INTO alert_group AS g (client_id, channel, route, labels, due_at)
       SELECT DISTINCT client_id, $2, $3, labels, clock_timestamp() FROM failed
       ON CONFLICT (client_id, channel, route, md5(labels)) DO UPDATE SET due_at = least(g.due_at, EXCLUDED.due_at)
       RETURNING group_id, client_id, labels
     )
     INSERT INTO alert_delivery (alert_id, channel, client_id, group_id)
     SELECT alert_id, $2, f.client_id, group_id FROM failed f JOIN groups g USING (client_id, labels)`,
    [messageId, fallback, `fallback:${channel.name}:${reason}`],
  );
  await query(tx, "SELECT pg_notify('sdp_alerts', '')");
}
