import { type Pool, query } from '../../database/index.ts';

/** Tables with the column by which a row is old; their indexes of it find the old end without reading the table. */
const tables = [
  ['transaction_event', 'received_at'],
  ['transaction_decision', 'decided_at'],
  ['fraud_alert', 'raised_at'],
  ['transaction_outcome', 'reported_at'],
] as const;
/** At once, so that nobody waits for the locks of a long deletion. */
const chunk = 5_000;

/** Forgets what is older than so many days, in small steps. The audit trail stays. */
export async function forgetTransactions(pool: Pool, days: number): Promise<void> {
  for (const [table, column] of tables) {
    while ((await forgetSome(pool, table, column, days)) === chunk);
  }
}

async function forgetSome(pool: Pool, table: string, column: string, days: number): Promise<number> {
  const { rowCount } = await query(
    pool,
    `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(
       SELECT ctid FROM ${table} WHERE ${column} < now() - $1 * interval '1 day' LIMIT ${chunk}))`,
    [days],
  );
  return rowCount ?? 0;
}
