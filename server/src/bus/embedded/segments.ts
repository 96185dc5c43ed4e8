import { type Pool, sqlStateOf } from '../../database/index.ts';

/** Days for which room is made ahead; the bus looks after it every hour. */
const daysAhead = 3;
/** Serializes those who make or drop segments. */
const advisoryLock = 7_270_737;

/** Makes the segments (one table a day) that messages of today and the next days go to. */
export async function ensureSegments(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query('SELECT pg_advisory_xact_lock($1)', [advisoryLock]);
    const { rows } = await client.query<{ segment: number }>(
      `SELECT s AS segment FROM generate_series(bus_segment(now()), bus_segment(now()) + ${daysAhead}) AS s
        WHERE to_regclass('bus_log_' || s) IS NULL`,
    );
    for (const { segment } of rows) {
      // Made apart and attached: CREATE … PARTITION OF would shut out every reader and writer meanwhile.
      await client.query(`CREATE TABLE bus_log_${segment} (LIKE bus_log INCLUDING DEFAULTS INCLUDING STORAGE)`);
      await client.query(`ALTER TABLE bus_log ATTACH PARTITION bus_log_${segment} FOR VALUES IN (${segment})`);
    }
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

/** "no partition of relation found for row". */
const missingSegment = '23514';

/** Whether the day's segment of the log has yet to be made. */
export function isMissingSegment(error: unknown): boolean {
  return sqlStateOf(error) === missingSegment;
}

/** Runs what appends to the log, once more where the day's segment had yet to be made. */
export async function withSegments<T>(pool: Pool, append: () => Promise<T>): Promise<T> {
  try {
    return await append();
  } catch (error) {
    if (!isMissingSegment(error)) throw error;
    await ensureSegments(pool);
    return append();
  }
}

export interface RetainResult {
  /** Segments dropped, as days since 1970. */
  readonly dropped: readonly number[];
  /** Segments old enough that were kept because a group has not settled all their messages. */
  readonly unsettled: readonly number[];
}

/**
 * Drops the segments whose messages are all older than `keepDays`, whole tables at a time. What a group has not settled
 * stays, however old it is.
 */
export async function retain(pool: Pool, keepDays: number): Promise<RetainResult> {
  const { rows } = await pool.query<{ segment: number }>(
    `SELECT substring(c.relname FROM 'bus_log_([0-9]+)')::int AS segment
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = 'bus_log'::regclass
        AND substring(c.relname FROM 'bus_log_([0-9]+)')::int < bus_segment(now()) - $1
      ORDER BY 1`,
    [keepDays],
  );
  const dropped: number[] = [];
  const unsettled: number[] = [];
  for (const { segment } of rows) {
    const { rowCount } = await pool.query(
      `SELECT 1 FROM bus_log_${segment} l JOIN bus_offset o USING (topic, partition)
        WHERE o.next_offset <= l."offset" LIMIT 1`,
    );
    if (rowCount !== 0) {
      unsettled.push(segment);
      continue;
    }
    await pool.query(`ALTER TABLE bus_log DETACH PARTITION bus_log_${segment} CONCURRENTLY`);
    await pool.query(`DROP TABLE bus_log_${segment}`);
    dropped.push(segment);
  }
  return { dropped, unsettled };
}
