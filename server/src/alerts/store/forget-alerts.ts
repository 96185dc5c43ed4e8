import { type Pool, withTransaction } from '../../database/index.ts';

/** Deletes what was settled so long ago. Whatever still waits stays. */
export function forgetAlerts(pool: Pool, days: number): Promise<void> {
  return withTransaction(pool, async (tx) => {
    const older = [`${days} days`];
    await tx.query(
      `WITH old AS (
         SELECT alert_id FROM alert a WHERE created_at < now() - $1::interval AND NOT EXISTS (
                SELECT FROM alert_delivery d WHERE d.alert_id = a.alert_id AND d.state IN ('WAITING', 'SENDING'))
       ), gone AS (DELETE FROM alert_delivery WHERE alert_id IN (SELECT alert_id FROM old))
       DELETE FROM alert WHERE alert_id IN (SELECT alert_id FROM old)`,
      older,
    );
    await tx.query("DELETE FROM alert_message WHERE state <> 'PENDING' AND settled_at < now() - $1::interval", older);
    await tx.query('DELETE FROM alert_silence WHERE ends_at < now() - $1::interval', older);
    await tx.query(
      `DELETE FROM alert_group g WHERE message_id IS NULL AND due_at IS NULL AND told_at < now() - $1::interval
          AND NOT EXISTS (SELECT FROM alert_delivery d WHERE d.group_id = g.group_id)`,
      older,
    );
  });
}
