import { type Pool, type Queryable, query, withTransaction } from '../../database/index.ts';

/** Days for which room is made ahead of the present one. */
const daysAhead = 3;
/** Serializes those who make or drop partitions. */
const advisoryLock = 72_707_510;
const dayMs = 86_400_000;
/** At once, so that nobody waits for the locks of a long deletion. */
const chunk = 5_000;

/** Makes the tables of today (UTC) and the next days. Rows of theirs that stand in the default partition move there. */
export async function ensureEventPartitions(pool: Pool, now: Date = new Date()): Promise<void> {
  const today = Math.floor(now.getTime() / dayMs) * dayMs;
  for (let day = 0; day <= daysAhead; day++) await ensurePartition(pool, new Date(today + day * dayMs));
}

async function ensurePartition(pool: Pool, day: Date): Promise<void> {
  const name = partitionOf(day);
  if (await exists(pool, name)) return;
  const range = [day, new Date(day.getTime() + dayMs)].map((at) => `'${at.toISOString()}'`);
  await withTransaction(pool, async (tx) => {
    await query(tx, 'SELECT pg_advisory_xact_lock($1)', [advisoryLock]);
    if (await exists(tx, name)) return;
    // Attaching looks through the default partition for rows that belong to the new one, and refuses if there are any.
    await query(tx, 'LOCK TABLE event_block_default IN ACCESS EXCLUSIVE MODE');
    await query(tx, `CREATE TABLE ${name} (LIKE event_block INCLUDING ALL)`);
    await query(
      tx,
      `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY;
       ALTER TABLE ${name} FORCE ROW LEVEL SECURITY;
       CREATE POLICY tenants ON ${name} USING (sdp_sees(client_id)) WITH CHECK (sdp_sees(client_id));
       WITH moved AS (
         DELETE FROM event_block_default WHERE received_at >= ${range[0]} AND received_at < ${range[1]} RETURNING *
       ) INSERT INTO ${name} SELECT * FROM moved;
       ALTER TABLE event_block ATTACH PARTITION ${name} FOR VALUES FROM (${range[0]}) TO (${range[1]})`,
    );
  });
}

async function exists(db: Parameters<typeof query>[0], name: string): Promise<boolean> {
  const { rows } = await query<{ found: boolean }>(db, 'SELECT to_regclass($1) IS NOT NULL AS found', [name]);
  return rows[0]?.found === true;
}

function partitionOf(day: Date): string {
  return `event_block_${day.toISOString().slice(0, 10).replaceAll('-', '')}`;
}

export interface EventRetention {
  readonly retentionDays: number;
  readonly countsRetentionDays: number;
}

/** Forgets events that came longer ago than so many days, by dropping their day's table, and counts of minutes that are older. */
export async function forgetEvents(
  pool: Pool,
  { retentionDays, countsRetentionDays }: EventRetention,
  now: Date = new Date(),
): Promise<string[]> {
  const cutoff = new Date(now.getTime() - retentionDays * dayMs);
  const { rows } = await query<{ name: string }>(
    pool,
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'event_block'::regclass AND c.relname ~ '^event_block_[0-9]{8}$' AND c.relname < $1
      ORDER BY 1`,
    [partitionOf(cutoff)],
  );
  for (const { name } of rows) {
    await withTransaction(pool, async (tx) => {
      await query(tx, 'SELECT pg_advisory_xact_lock($1)', [advisoryLock]);
      if (!(await exists(tx, name))) return;
      const last = await noteForgotten(tx, name, '0');
      await query(tx, `LOCK TABLE ${name} IN ACCESS EXCLUSIVE MODE`);
      // What was stored in the meantime: little, so that nobody waits for the lock.
      await noteForgotten(tx, name, last);
      await query(tx, `DROP TABLE ${name}`);
    });
  }
  const oldBlocks = `DELETE FROM event_block_default
    WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_block_default WHERE received_at < $1 LIMIT ${chunk}))
    RETURNING client_id, block_id`;
  await inChunks(async () => {
    const { rows: all } = await query<{ n: number }>(
      pool,
      `WITH gone AS (${oldBlocks}), noted AS (${noting('gone')}) SELECT count(*)::int AS n FROM gone`,
      [cutoff],
    );
    return all[0]?.n ?? 0;
  });
  const oldCounts = `DELETE FROM event_count WHERE ctid = ANY (ARRAY(SELECT ctid FROM event_count WHERE minute < $1 LIMIT ${chunk}))`;
  const countsCutoff = new Date(now.getTime() - countsRetentionDays * dayMs);
  await inChunks(async () => (await query(pool, oldCounts, [countsCutoff])).rowCount ?? 0);
  return rows.map(({ name }) => name);
}

/** Notes up to where each client's events of a table are forgotten. @returns the last block of all */
async function noteForgotten(tx: Queryable, table: string, after: string): Promise<string> {
  const { rows } = await query<{ last: string | null }>(
    tx,
    `WITH gone AS MATERIALIZED (SELECT client_id, max(block_id) AS block_id FROM ${table} WHERE block_id > $1 GROUP BY client_id),
          noted AS (${noting('gone')})
     SELECT max(block_id) AS last FROM gone`,
    [after],
  );
  return rows[0]?.last ?? after;
}

function noting(gone: string): string {
  return `INSERT INTO event_forgotten (client_id, block_id)
          SELECT client_id, max(block_id) FROM ${gone} GROUP BY client_id ORDER BY client_id
          ON CONFLICT (client_id) DO UPDATE SET block_id = greatest(event_forgotten.block_id, excluded.block_id)`;
}

/** Until one of them has deleted less than it may. */
async function inChunks(deleteSome: () => Promise<number>): Promise<void> {
  while ((await deleteSome()) === chunk);
}
