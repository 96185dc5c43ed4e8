import type { Delivery } from '@sdp/shared/messaging';
import type { Pool } from '../../src/database/index.ts';
import { withTransaction } from '../../src/database/index.ts';

/** Steps of a handler between which a process can be killed. */
export type FaultPoint = 'before-handler' | 'after-effect' | 'after-settle' | 'after-commit';

export async function createEffectTables(pool: Pool): Promise<void> {
  await pool.query(`
    CREATE TABLE handled (consumer_group TEXT, event_id INTEGER, PRIMARY KEY (consumer_group, event_id));
    CREATE TABLE effect (consumer_group TEXT, event_id INTEGER);`);
}

/** What a worker does: the effect, its dedupe key and, where the bus can, the offset in one transaction. */
export async function applyEffect(
  pool: Pool,
  group: string,
  { message, settleIn }: Delivery,
  reached: (point: FaultPoint) => void = () => undefined,
): Promise<void> {
  const id = Number(message.headers['id']);
  reached('before-handler');
  await withTransaction(pool, async (client) => {
    const { rowCount } = await client.query('INSERT INTO handled VALUES ($1, $2) ON CONFLICT DO NOTHING', [group, id]);
    if (rowCount === 1) await client.query('INSERT INTO effect VALUES ($1, $2)', [group, id]);
    reached('after-effect');
    await settleIn(client);
    reached('after-settle');
  });
  reached('after-commit');
}

export async function effectsOf(pool: Pool, group: string): Promise<number[]> {
  const { rows } = await pool.query<{ event_id: number }>('SELECT event_id FROM effect WHERE consumer_group = $1', [
    group,
  ]);
  return rows.map(({ event_id }) => event_id);
}
