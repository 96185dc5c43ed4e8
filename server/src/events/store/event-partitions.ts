import { type Pool, query, withTransaction } from '../../database/index.ts';

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
      await query(tx, `DROP TABLE IF EXISTS ${name}`);
    });
  }
  await forgetRows(pool, 'event_block_default', 'received_at', cutoff);
  await forgetRows(pool, 'event_count', 'minute', new Date(now.getTime() - countsRetentionDays * dayMs));
  return rows.map(({ name }) => name);
}

async function forgetRows(pool: Pool, table: string, column: string, cutoff: Date): Promise<void> {
  for (let deleted = chunk; deleted === chunk; ) {
    const { rowCount } = await query(
      pool,
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${column} < $1 LIMIT ${chunk}))`,
      [cutoff],
    );
    deleted = rowCount ?? 0;
  }
}
