import type { AnomalyActor, AnomalyLevel, AnomalyState, AnomalyStateChange } from '@sdp/shared/contracts';
import type { PoolClient } from '../../database/index.ts';
import {
  type AnomalyDetailRow,
  type AnomalyRow,
  presentChange,
  type StateChangeRow,
  selectAnomaly,
} from './anomaly-row.ts';

export interface AnomalyFilter {
  readonly clientId?: string | undefined;
  readonly type?: string | undefined;
  readonly level?: AnomalyLevel | undefined;
  readonly userId?: string | undefined;
  readonly state?: AnomalyState | undefined;
  readonly detector?: string | undefined;
  readonly isAlert?: boolean | undefined;
  /** At this time or later. */
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly before?: Date | undefined;
  /** Go on behind this one. */
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
  readonly limit: number;
}

/**
 * Anomalies of the clients that the transaction may see, newest first.
 *
 * @param tenants the same clients: the pages of each are read by themselves, each from an index that begins with the client
 */
export async function listAnomalies(
  tx: PoolClient,
  tenants: readonly string[] | '*',
  filter: AnomalyFilter,
): Promise<AnomalyRow[]> {
  const values: unknown[] = [];
  const value = (given: unknown) => `$${values.push(given)}`;
  const clients = value(await clientsOf(tx, tenants, filter.clientId));
  const conditions = ['e.client_id = c.client_id'];
  for (const [column, wanted] of [
    ['alert_type', filter.type],
    ['alert_level', filter.level],
    ['user_id', filter.userId],
    ['state', filter.state],
    ['detector', filter.detector],
    ['is_alert', filter.isAlert],
  ] as const) {
    if (wanted !== undefined) conditions.push(`e.${column} = ${value(wanted)}`);
  }
  if (filter.from) conditions.push(`e."timestamp" >= ${value(filter.from)}`);
  if (filter.before) conditions.push(`e."timestamp" < ${value(filter.before)}`);
  if (filter.after) {
    const [at, id] = [value(filter.after.at), value(filter.after.id)];
    // The first condition says which tables need not be looked at.
    conditions.push(`e."timestamp" <= ${at} AND (e."timestamp", e.anomaly_id) < (${at}, ${id}::uuid)`);
  }
  const limit = value(filter.limit);
  // The planner can't know how often a type is found at a client, and thinks so little of a policy's rows that it would rather
  // read and sort them all than follow an index that has them in order.
  await tx.query('SET LOCAL enable_sort = off');
  const { rows } = await tx.query<AnomalyRow>(
    `SELECT a.* FROM unnest(${clients}::text[]) AS c(client_id) CROSS JOIN LATERAL (
       SELECT ${selectAnomaly('e')} FROM anomaly_events e WHERE ${conditions.join(' AND ')}
        ORDER BY e."timestamp" DESC, e.anomaly_id DESC LIMIT ${limit}) a
      ORDER BY a."timestamp" DESC, a.anomaly_id DESC LIMIT ${limit}`,
    values,
  );
  return rows;
}

/** Whoever sees all clients sees those that have anomalies: found by leaping from one to the next. */
async function clientsOf(
  tx: PoolClient,
  tenants: readonly string[] | '*',
  clientId: string | undefined,
): Promise<readonly string[]> {
  if (clientId !== undefined) return [clientId];
  if (tenants !== '*') return tenants;
  const { rows } = await tx.query<{ client_id: string }>(
    `WITH RECURSIVE c AS (
       (SELECT client_id FROM anomaly_key ORDER BY client_id LIMIT 1)
       UNION ALL
       SELECT (SELECT k.client_id FROM anomaly_key k WHERE k.client_id > c.client_id ORDER BY k.client_id LIMIT 1)
         FROM c WHERE c.client_id IS NOT NULL
     ) SELECT client_id FROM c WHERE client_id IS NOT NULL`,
  );
  return rows.map(({ client_id }) => client_id);
}

/** @returns undefined where there is none, or none that the transaction may see */
export async function findAnomaly(tx: PoolClient, anomalyId: string): Promise<AnomalyDetailRow | undefined> {
  const { rows } = await tx.query<AnomalyDetailRow>(
    `SELECT ${selectAnomaly('e')}, e.explanation, e.evidence, e.group_key FROM anomaly_events e WHERE e.anomaly_id = $1`,
    [anomalyId],
  );
  return rows[0];
}

/** Oldest first. */
export async function historyOf(tx: PoolClient, anomalyId: string): Promise<AnomalyStateChange[]> {
  const { rows } = await tx.query<StateChangeRow>(
    `SELECT from_state, to_state, actor_kind, actor_id, note, at FROM anomaly_state_change
      WHERE anomaly_id = $1 ORDER BY change_id`,
    [anomalyId],
  );
  return rows.map(presentChange);
}

export interface Handling {
  readonly to: 'ACKNOWLEDGED' | 'RESOLVED';
  readonly by: AnomalyActor;
  readonly note: string | null;
}

/** From which states an anomaly may come to another; two people can't both bring it there. */
const allowedFrom: Readonly<Record<Handling['to'], readonly AnomalyState[]>> = {
  ACKNOWLEDGED: ['OPEN'],
  RESOLVED: ['OPEN', 'ACKNOWLEDGED'],
};

/**
 * Brings an anomaly to another state, and notes who did it.
 *
 * @returns the state from which it came, or undefined where that doesn't allow it; and whose it is
 */
export async function handleAnomaly(
  tx: PoolClient,
  anomalyId: string,
  { to, by, note }: Handling,
): Promise<{ readonly clientId: string; readonly from: AnomalyState; readonly isAllowed: boolean } | undefined> {
  const { rows } = await tx.query<{ client_id: string; state: AnomalyState; timestamp: Date }>(
    'SELECT client_id, state, "timestamp" FROM anomaly_events WHERE anomaly_id = $1 FOR UPDATE',
    [anomalyId],
  );
  const [found] = rows;
  if (!found) return undefined;
  const handled = { clientId: found.client_id, from: found.state };
  if (!allowedFrom[to].includes(found.state)) return { ...handled, isAllowed: false };
  await tx.query(
    `WITH changed AS (
       UPDATE anomaly_events SET state = $3, state_at = clock_timestamp(), state_by_kind = $4, state_by_id = $5, note = $6
        WHERE anomaly_id = $1 AND "timestamp" = $2 RETURNING client_id, anomaly_id, state_at)
     INSERT INTO anomaly_state_change (client_id, anomaly_id, from_state, to_state, actor_kind, actor_id, note, at)
     SELECT client_id, anomaly_id, $7, $3, $4, $5, $6, state_at FROM changed`,
    [anomalyId, found.timestamp, to, by.kind, by.id, note, found.state],
  );
  return { ...handled, isAllowed: true };
}
