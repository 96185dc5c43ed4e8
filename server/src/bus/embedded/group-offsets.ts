import type { TopicLag } from '@sdp/shared/messaging';
import { type Pool, withTransaction } from '../../database/index.ts';
import { groupIsBusy } from '../group-is-busy.ts';

/**
 * Has a group go on at the first message at or after `time`.
 *
 * @throws {RejectedError} `group-busy` while it has live members
 */
export async function moveGroup(pool: Pool, topic: string, group: string, time: Date): Promise<void> {
  await withTransaction(pool, async (client) => {
    const { rowCount: live } = await client.query(
      `SELECT 1 FROM bus_lease WHERE group_name = $1 AND topic = $2 AND leased_until > clock_timestamp() LIMIT 1`,
      [group, topic],
    );
    if (live !== 0) throw groupIsBusy();
    await client.query(
      `INSERT INTO bus_offset AS o (group_name, topic, partition, next_offset, fence)
       SELECT $1, p.topic, p.partition,
              coalesce((SELECT l."offset" FROM bus_log l
                         WHERE l.topic = p.topic AND l.partition = p.partition AND l.written_at >= $3
                           AND l.segment >= bus_segment($3)
                         ORDER BY l."offset" LIMIT 1), p.next_offset), 1
         FROM bus_partition p WHERE p.topic = $2
       ON CONFLICT (group_name, topic, partition) DO UPDATE SET next_offset = excluded.next_offset, fence = o.fence + 1`,
      [group, topic, time],
    );
  });
}

/** Messages of each partition that the group has not settled; what retention has dropped is not counted. */
export async function lagOf(pool: Pool, topic: string, group: string): Promise<readonly TopicLag[]> {
  const { rows } = await pool.query<{ partition: number; end: string; settled: string | null; lag: string }>(
    `SELECT p.partition, p.next_offset AS "end", o.next_offset AS settled,
            p.next_offset - greatest(coalesce(o.next_offset, 0), coalesce(
              (SELECT l."offset" FROM bus_log l WHERE l.topic = p.topic AND l.partition = p.partition
                ORDER BY l."offset" LIMIT 1), p.next_offset)) AS lag
       FROM bus_partition p
       LEFT JOIN bus_offset o ON o.topic = p.topic AND o.partition = p.partition AND o.group_name = $2
      WHERE p.topic = $1 ORDER BY p.partition`,
    [topic, group],
  );
  return rows.map(({ partition, lag, end, settled }) => ({
    ...{ partition, lag: BigInt(lag), end: BigInt(end) },
    settled: settled === null ? undefined : BigInt(settled),
  }));
}
