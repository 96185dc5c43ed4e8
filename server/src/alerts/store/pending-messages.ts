import { type Pool, query } from '../../database/index.ts';
import type { Notice } from '../rules/notice.ts';

/** A message that is to be sent. */
export interface PendingMessage {
  readonly messageId: string;
  readonly clientId: string;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly notice: Notice;
  /** When the oldest alert of it was raised. */
  readonly since: Date;
}

/**
 * Messages of a channel whose time has come, oldest first: of one incident the earliest alone, so that nobody hears the end of
 * something first.
 *
 * @param busy that are under way
 */
export async function pendingMessages(
  pool: Pool,
  channel: string,
  { busy, limit }: { readonly busy: readonly string[]; readonly limit: number },
): Promise<{ readonly messages: readonly PendingMessage[]; readonly nextMs: number | undefined }> {
  const { rows } = await query<{
    message_id: string;
    client_id: string;
    attempts: number;
    created_at: Date;
    notice: Notice;
    wait_ms: number;
    is_due: boolean;
  }>(
    pool,
    `SELECT message_id, client_id, attempts, created_at, notice,
            extract(epoch FROM next_at - clock_timestamp())::float8 * 1000 AS wait_ms, next_at <= clock_timestamp() AS is_due
       FROM alert_message m
      WHERE channel = $1 AND state = 'PENDING' AND message_id <> ALL($2::uuid[])
        AND NOT EXISTS (SELECT FROM alert_message e WHERE e.incident = m.incident AND e.state = 'PENDING'
                           AND (e.created_at, e.message_id) < (m.created_at, m.message_id))
      ORDER BY next_at <= clock_timestamp() DESC, CASE WHEN next_at <= clock_timestamp() THEN created_at ELSE next_at END, message_id
      LIMIT $3`,
    [channel, busy, limit + 1],
  );
  const due = rows.filter((row) => row.is_due).slice(0, limit);
  const later = rows.find((row) => !row.is_due);
  return {
    messages: due.map((row) => ({
      messageId: row.message_id,
      clientId: row.client_id,
      attempts: row.attempts,
      createdAt: row.created_at,
      notice: row.notice,
      since: oldest(row.notice, row.created_at),
    })),
    nextMs: later?.wait_ms,
  };
}

function oldest({ alerts }: Notice, createdAt: Date): Date {
  const times = alerts.map(({ at }) => Date.parse(at)).filter(Number.isFinite);
  return times.length === 0 ? createdAt : new Date(Math.min(...times));
}
