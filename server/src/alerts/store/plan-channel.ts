import { randomUUID } from 'node:crypto';
import { type Pool, type PoolClient, query, withTransaction } from '../../database/index.ts';
import { type AlertLevel, alertLevels, gravest } from '../rules/alert.ts';
import type { AlertsConfig, ChannelConfig, Route } from '../rules/alert-config.ts';
import { type DueGroup, freeSlots, planMessages } from '../rules/limit-rules.ts';
import { maxShownAlerts } from '../rules/notice-rules.ts';
import { heldUntil } from '../rules/quiet-hours-rules.ts';
import { routeFinder } from '../rules/routing-rules.ts';
import { type AlertRow, alertOfRow } from './alert-row.ts';
import { holdChannel } from './channel-lease.ts';
import { databaseNow } from './database-time.ts';
import { makeReminders } from './make-reminders.ts';
import { silenceWaiting } from './silence-waiting.ts';
import { type GroupRow, writeMessage } from './write-message.ts';

export interface PlanOptions {
  readonly pool: Pool;
  readonly config: AlertsConfig;
  readonly channel: ChannelConfig;
  readonly owner: string;
  /** Alerts that a silence kept back. */
  readonly onSilenced: (count: number) => void;
}

export interface Planned {
  readonly messages: number;
  /** Until there is something to plan next, as far as is known. */
  readonly nextMs: number | undefined;
}

/** Messages that may wait to be delivered on one channel; what comes then waits in its group. */
const maxPending = 100;
/** Groups that are looked at in one transaction. */
const maxGroups = 2_000;

interface WaitingRow extends GroupRow {
  readonly due_at: Date;
  /** Of the levels that wait. */
  readonly levels: readonly AlertLevel[];
  readonly since: Date;
}

/**
 * Makes messages of what is due on a channel, within its limits: what silences cover is noted as such, what quiet hours hold back waits
 * until they end, and what finds no place becomes part of a summary or waits for the next place. In one transaction, and only while
 * this process has the channel.
 *
 * @throws {UnavailableError} `database-unavailable`
 */
export function planChannel(options: PlanOptions): Promise<Planned> {
  const { pool, config, channel, owner, onSilenced } = options;
  return withTransaction(pool, async (tx) => {
    if (!(await holdChannel(tx, channel.name, owner))) return { messages: 0, nextMs: undefined };
    const now = await databaseNow(tx);
    const { free, nextAt } = await slotsOf(tx, channel, now);
    if (free === 0) return { messages: 0, nextMs: nextAt && nextAt.getTime() - now.getTime() };
    onSilenced(await silenceWaiting(tx, channel.name, maxGroups, now));
    const waiting = await dueGroups(tx, channel.name);
    const routeOf = routeFinder(config.route);
    const due = waiting.map((group) => ({ group, passing: passingLevels(group, routeOf(group.route), now) }));
    await postpone(
      tx,
      due.filter(({ passing }) => passing.length === 0).map(({ group }) => group),
      (group) => holdsUntil(group, routeOf(group.route), now),
    );
    const sendable = due.filter(({ passing }) => passing.length > 0);
    const byId = new Map(sendable.map((each) => [each.group.group_id, each]));
    const planned = planMessages(
      sendable.map(({ group, passing }): DueGroup => {
        const { group_id: groupId, client_id: clientId, since } = group;
        return { groupId, clientId, level: gravest(passing), since };
      }),
      free,
    );
    for (const { clientId, groupIds } of planned) {
      const groups = groupIds.map((id) => byId.get(id) as (typeof sendable)[number]);
      await tell(tx, config, channel, clientId, groups);
    }
    const reminders = await makeReminders(tx, config, channel, free - planned.length, now);
    return { messages: planned.length + reminders, nextMs: await nextDueMs(tx, channel.name) };
  });
}

/** Places for messages: by the channel's limit, and by what it has not taken yet. */
async function slotsOf(tx: PoolClient, { name, rateLimit }: ChannelConfig, now: Date) {
  const { rows } = await query<{ pending: number; sent_at: Date[] }>(
    tx,
    `SELECT (SELECT count(*)::int FROM alert_message WHERE channel = $1 AND state = 'PENDING') AS pending,
            array(SELECT created_at FROM alert_message
                   WHERE channel = $1 AND created_at > clock_timestamp() - make_interval(secs => $2::float8 / 1000)
                   ORDER BY created_at DESC LIMIT $3) AS sent_at`,
    [name, rateLimit.perMs, rateLimit.messages],
  );
  const { pending = 0, sent_at: sentAt = [] } = rows[0] ?? {};
  const slots = freeSlots(rateLimit, sentAt, now);
  return { ...slots, free: Math.min(slots.free, Math.max(0, maxPending - pending)) };
}

/**
 * Groups whose time has come, with what waits in them. They are locked first: what is added after that waits for the next time. Those
 * to which something is being added at this moment are left out; whoever does so wakes this channel when it is done.
 */
async function dueGroups(tx: PoolClient, channel: string): Promise<readonly WaitingRow[]> {
  const { rows: locked } = await query<{ group_id: string }>(
    tx,
    `SELECT group_id FROM alert_group WHERE channel = $1 AND due_at <= clock_timestamp() AND message_id IS NULL
      ORDER BY due_at LIMIT ${maxGroups} FOR UPDATE SKIP LOCKED`,
    [channel],
  );
  if (locked.length === 0) return [];
  const { rows } = await query<WaitingRow>(
    tx,
    `SELECT g.group_id, g.client_id, g.route, g.labels, g.due_at, w.levels, w.since
       FROM alert_group g CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(DISTINCT a.level), '{}') AS levels, coalesce(min(a.created_at), g.due_at) AS since
              FROM alert_delivery d JOIN alert a USING (alert_id) WHERE d.group_id = g.group_id AND d.state = 'WAITING') w
      WHERE g.group_id = ANY($1::uuid[])`,
    [locked.map((row) => row.group_id)],
  );
  return rows;
}

function passingLevels({ levels }: WaitingRow, { quietHours }: Route, now: Date): AlertLevel[] {
  return levels.filter((level) => heldUntil(quietHours, level, now) === undefined);
}

/** @returns undefined where nothing waits */
function holdsUntil({ levels }: WaitingRow, { quietHours }: Route, now: Date): Date | undefined {
  return levels.map((level) => heldUntil(quietHours, level, now)).find((at) => at !== undefined);
}

async function postpone(
  tx: PoolClient,
  groups: readonly WaitingRow[],
  until: (group: WaitingRow) => Date | undefined,
): Promise<void> {
  if (groups.length === 0) return;
  await query(
    tx,
    `UPDATE alert_group g SET due_at = h.due_at FROM unnest($1::uuid[], $2::timestamptz[]) AS h (group_id, due_at)
      WHERE g.group_id = h.group_id`,
    [groups.map((group) => group.group_id), groups.map((group) => until(group) ?? null)],
  );
}

/** Takes what waits in the groups into one message. */
async function tell(
  tx: PoolClient,
  config: AlertsConfig,
  channel: ChannelConfig,
  clientId: string,
  groups: readonly { readonly group: WaitingRow; readonly passing: readonly AlertLevel[] }[],
): Promise<void> {
  const messageId = randomUUID();
  const [one] = groups;
  const { rows: counts } = await query<{ level: AlertLevel; type: string; count: number }>(
    tx,
    `WITH passing AS (
       SELECT group_id, string_to_array(levels, ',') AS levels FROM unnest($2::uuid[], $3::text[]) AS p (group_id, levels)
     ), taken AS (
       UPDATE alert_delivery d SET state = 'SENDING', message_id = $1
         FROM passing p, alert a
        WHERE d.group_id = p.group_id AND d.state = 'WAITING' AND a.alert_id = d.alert_id AND a.level = ANY(p.levels)
       RETURNING a.level, a.type
     ), grouped AS (
       UPDATE alert_group SET message_id = $1, due_at = NULL WHERE group_id = ANY($2::uuid[])
     )
     SELECT level, type, count(*)::int AS count FROM taken GROUP BY level, type`,
    [messageId, groups.map(({ group }) => group.group_id), groups.map(({ passing }) => passing.join(','))],
  );
  const { rows: first } = await query<AlertRow>(
    tx,
    `SELECT a.* FROM alert_delivery d JOIN alert a USING (alert_id) WHERE d.message_id = $1
      ORDER BY array_position($2::text[], a.level) DESC, a.created_at, a.alert_id LIMIT ${maxShownAlerts}`,
    [messageId, alertLevels],
  );
  await writeMessage(tx, config, {
    ...{ messageId, incident: messageId, clientId, channel: channel.name, counts },
    kind: groups.length > 1 ? 'summary' : 'alerts',
    alerts: first.map(alertOfRow),
    failed: one === undefined ? null : failureOf(one.group.route),
  });
}

/** Of a group that a channel's refusal made; see `settle-message.ts`. */
function failureOf(route: string): { readonly channel: string; readonly reason: string } | null {
  const [, channel, reason] = /^fallback:([^:]+):(.+)$/.exec(route) ?? [];
  return channel === undefined || reason === undefined ? null : { channel, reason };
}

async function nextDueMs(tx: PoolClient, channel: string): Promise<number | undefined> {
  const { rows } = await query<{ ms: number | null }>(
    tx,
    `SELECT extract(epoch FROM least((SELECT min(due_at) FROM alert_group WHERE channel = $1 AND due_at IS NOT NULL AND message_id IS NULL),
                  (SELECT min(remind_at) FROM alert_group WHERE channel = $1 AND remind_at IS NOT NULL AND message_id IS NULL))
                   - clock_timestamp())::float8 * 1000 AS ms`,
    [channel],
  );
  return rows[0]?.ms ?? undefined;
}
