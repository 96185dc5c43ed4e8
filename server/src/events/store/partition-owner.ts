import type { EventType } from '@sdp/shared/contracts';
import { UnavailableError } from '@sdp/shared/errors';
import type { SqlTransaction } from '@sdp/shared/messaging';
import { type Pool, query } from '../../database/index.ts';
import { eventTopics } from '../event-flow.ts';
import { SeenEvents, type SeenEventsOptions } from '../seen-events.ts';

/** A partition of a topic, and in whose time. */
export interface OwnedPartition {
  readonly type: EventType;
  readonly partition: number;
  readonly epoch: string;
}

/** Takes a partition over: whoever had it before can store nothing more. Waits for what that one is just storing. */
export async function takeOver(pool: Pool, type: EventType, partition: number): Promise<OwnedPartition> {
  const { rows } = await query<{ epoch: string }>(
    pool,
    `INSERT INTO event_owner (topic, partition, epoch) VALUES ($1, $2, 1)
     ON CONFLICT (topic, partition) DO UPDATE SET epoch = event_owner.epoch + 1 RETURNING epoch`,
    [eventTopics[type], partition],
  );
  return { type, partition, epoch: rows[0]?.epoch ?? '0' };
}

/** Held together by all transactions that store blocks: whoever reads blocks in their order sees by it which are under way. */
export const storingLock = 72_707_530;

/**
 * Holds the partitions until the end of the transaction, and says that it stores blocks: before it, none has a number.
 *
 * @throws {UnavailableError} `bus-unavailable` where one of them has been taken over
 */
export async function assertOwner(transaction: SqlTransaction, owned: readonly OwnedPartition[]): Promise<void> {
  const { rows } = await transaction.query(
    `WITH storing AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared($4))
     SELECT 1 FROM storing CROSS JOIN event_owner JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS mine (topic, partition, epoch)
            USING (topic, partition, epoch)
      ORDER BY topic, partition FOR UPDATE OF event_owner`,
    [
      owned.map(({ type }) => eventTopics[type]),
      owned.map(({ partition }) => partition),
      owned.map(({ epoch }) => epoch),
      storingLock,
    ],
  );
  if (rows.length === owned.length) return;
  throw new UnavailableError('bus-unavailable', {
    message: 'A partition of the batch has a new owner',
    remedy: 'Nothing to do: nothing of the batch is stored and the new owner handles it.',
  });
}

const rowsAtOnce = 500;

/** What was stored of a partition within the horizon before its newest event: repeats of these are known again. */
export async function loadSeen(
  pool: Pool,
  { type, partition }: OwnedPartition,
  options: Required<SeenEventsOptions>,
): Promise<SeenEvents> {
  const seen = new SeenEvents(options);
  let after: readonly [Date, string] = [new Date(0), '0'];
  for (;;) {
    const { rows } = await query<{ block_id: string; received_at: Date; identities: Buffer }>(
      pool,
      `SELECT block_id, received_at, identities FROM event_block
        WHERE type = $1 AND partition = $2 AND (received_at, block_id) > ($4, $5)
          AND received_at > (SELECT max(received_at) FROM event_block WHERE type = $1 AND partition = $2)
                            - $3 * interval '1 millisecond'
        ORDER BY received_at, block_id LIMIT ${rowsAtOnce}`,
      [type, partition, options.horizonMs, ...after],
    );
    for (const row of rows) seen.add(row.identities, row.received_at.getTime());
    const last = rows.at(-1);
    if (last === undefined || rows.length < rowsAtOnce) return seen;
    after = [last.received_at, last.block_id];
  }
}
