import { type Queryable, query } from '../../database/index.ts';

/** The database's clock, which is one for all processes. Times that are stored are compared with no other. */
export async function databaseNow(db: Queryable): Promise<Date> {
  const { rows } = await query<{ now: Date }>(db, 'SELECT clock_timestamp() AS now');
  return rows[0]?.now ?? new Date();
}
