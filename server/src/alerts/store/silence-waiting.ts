import { type PoolClient, query } from '../../database/index.ts';
import { silenceOf } from '../rules/silence-rules.ts';
import { type AlertRow, alertOfRow } from './alert-row.ts';
import { activeSilences } from './silence-store.ts';

const pageSize = 1_000;
const noId = '00000000-0000-0000-0000-000000000000';

/**
 * Notes as silenced what waits in due groups and falls under a silence: one that came after the alert did counts too.
 *
 * @returns how many
 */
export async function silenceWaiting(tx: PoolClient, channel: string, maxGroups: number, now: Date): Promise<number> {
  const silences = await activeSilences(tx);
  if (silences.length === 0) return 0;
  const clients = silences.map(({ clientId }) => clientId);
  let silenced = 0;
  for (let after = noId; ; ) {
    const { rows } = await query<AlertRow>(
      tx,
      `SELECT a.* FROM alert_delivery d JOIN alert a USING (alert_id)
        WHERE d.state = 'WAITING' AND d.alert_id > $2 AND ($3 OR d.client_id = ANY($4::text[])) AND d.group_id IN (
              SELECT group_id FROM alert_group WHERE channel = $1 AND due_at <= clock_timestamp() AND message_id IS NULL
               ORDER BY due_at LIMIT ${maxGroups})
        ORDER BY d.alert_id LIMIT ${pageSize}`,
      [channel, after, clients.includes('*'), clients],
    );
    const found = rows.flatMap((row) => {
      const silence = silenceOf(silences, alertOfRow(row), now);
      return silence ? [{ alert_id: row.alert_id, silence_id: silence.silenceId }] : [];
    });
    if (found.length > 0) {
      await query(
        tx,
        `UPDATE alert_delivery d SET state = 'SILENCED', silence_id = s.silence_id, settled_at = clock_timestamp()
           FROM jsonb_to_recordset($2::jsonb) AS s (alert_id uuid, silence_id uuid)
          WHERE d.alert_id = s.alert_id AND d.channel = $1 AND d.state = 'WAITING'`,
        [channel, JSON.stringify(found)],
      );
    }
    silenced += found.length;
    after = rows.at(-1)?.alert_id ?? noId;
    if (rows.length < pageSize) return silenced;
  }
}
