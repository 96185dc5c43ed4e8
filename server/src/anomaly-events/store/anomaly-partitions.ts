import { type Pool, type PoolClient, query, withTransaction } from '../../database/index.ts';

/** Weeks for which room is made ahead of the present one. */
const weeksAhead = 2;
/**
 * Serializes those who make or drop partitions. Writers share it: a statement that was planned before a partition was there doesn't
 * look into it, and would take an anomaly that moved there for one that is new.
 */
export const partitionsLock = 72_707_520;
const weekMs = 7 * 86_400_000;

/** Makes the tables of this week and the next ones. Rows of theirs that stand in the default partition move there. */
export async function ensureAnomalyPartitions(pool: Pool, now: Date = new Date()): Promise<void> {
  const monday = mondayOf(now).getTime();
  for (let week = 0; week <= weeksAhead; week++) await ensurePartition(pool, new Date(monday + week * weekMs));
}

async function ensurePartition(pool: Pool, monday: Date): Promise<void> {
  const name = partitionOf(monday);
  if (await exists(pool, name)) return;
  const range = [monday, new Date(monday.getTime() + weekMs)].map((at) => `'${at.toISOString()}'`);
  await withTransaction(pool, async (tx) => {
    await takeTurn(tx);
    if (await exists(tx, name)) return;
    // Attaching looks through the default partition for rows that belong to the new one, and refuses if there are any.
    await query(tx, 'LOCK TABLE anomaly_events_default IN ACCESS EXCLUSIVE MODE');
    await query(tx, `CREATE TABLE ${name} (LIKE anomaly_events INCLUDING ALL)`);
    await query(
      tx,
      `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
       ALTER TABLE ${name} FORCE ROW LEVEL SECURITY;
       CREATE POLICY tenants ON ${name} USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id));
       WITH moved AS (
         DELETE FROM anomaly_events_default WHERE "timestamp" >= ${range[0]} AND "timestamp" < ${range[1]} RETURNING *
       ) INSERT INTO ${name} SELECT * FROM moved;
       ALTER TABLE anomaly_events ATTACH PARTITION ${name} FOR VALUES FROM (${range[0]}) TO (${range[1]})`,
    );
  });
}

/** Whoever waits for a table holds up everybody behind: rather not for long, and again in an hour. */
async function takeTurn(tx: PoolClient): Promise<void> {
  await query(tx, 'SELECT pg_advisory_xact_lock($1)', [partitionsLock]);
  await query(tx, "SET LOCAL lock_timeout = '5s'");
}

/** Read from the catalog: `to_regclass` may answer from before another connection made it. */
async function exists(db: Parameters<typeof query>[0], name: string): Promise<boolean> {
  const { rowCount } = await query(
    db,
    `SELECT FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'anomaly_events'::regclass AND c.relname = $1`,
    [name],
  );
  return rowCount === 1;
}

function partitionOf(monday: Date): string {
  return `anomaly_events_${monday.toISOString().slice(0, 10).replaceAll('-', '')}`;
}

/** In UTC. 1970 began on a Thursday. */
export function mondayOf(at: Date): Date {
  const offsetMs = 4 * 86_400_000;
  return new Date(Math.floor((at.getTime() - offsetMs) / weekMs) * weekMs + offsetMs);
}

/** At once, so that nobody waits for the locks of a long deletion. */
const chunk = 5_000;

/**
 * Forgets anomalies whose week ended more than so many days ago, whatever their state, by dropping its table; then their keys,
 * findings and histories. What stands in the default partition goes when it was found so long ago.
 */
export async function forgetAnomalies(pool: Pool, days: number, now: Date = new Date()): Promise<string[]> {
  const oldest = partitionOf(mondayOf(new Date(now.getTime() - days * 86_400_000)));
  const { rows } = await query<{ name: string }>(
    pool,
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'anomaly_events'::regclass AND c.relname ~ '^anomaly_events_[0-9]{8}$' AND c.relname < $1
      ORDER BY 1`,
    [oldest],
  );
  for (const { name } of rows) {
    await withTransaction(pool, async (tx) => {
      await takeTurn(tx);
      await query(tx, `DROP TABLE IF EXISTS ${name}`);
    });
  }
  const cutoff = new Date(now.getTime() - days * 86_400_000);
  for (const [table, condition] of leftovers) {
    while ((await forgetSome(pool, table, condition, cutoff)) === chunk);
  }
  return rows.map(({ name }) => name);
}

const leftovers = [
  ['anomaly_events_default', 't.found_at < $1'],
  [
    'anomaly_key',
    `t.found_at < $1 AND NOT EXISTS (
       SELECT FROM anomaly_events a WHERE a.anomaly_id = t.anomaly_id AND a."timestamp" = t.at)`,
  ],
  ['anomaly_finding', 't.found_at < $1'],
  [
    'anomaly_state_change',
    't.at < $1 AND t.seq IS NOT NULL AND NOT EXISTS (SELECT FROM anomaly_events a WHERE a.anomaly_id = t.anomaly_id)',
  ],
] as const;

async function forgetSome(pool: Pool, table: string, condition: string, cutoff: Date): Promise<number> {
  const { rowCount } = await query(
    pool,
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT t.ctid FROM ${table} t WHERE ${condition} LIMIT ${chunk}))`,
    [cutoff],
  );
  return rowCount ?? 0;
}
