import type { Event, EventType } from '@sdp/shared/contracts';
import type { SqlTransaction } from '@sdp/shared/messaging';
import type { SealedBlock } from './event-block.ts';
import { assertOwner, type OwnedPartition } from './partition-owner.ts';

/** Events of one minute. */
export interface MinuteCount {
  readonly clientId: string;
  readonly type: EventType;
  readonly level: string;
  readonly minuteMs: number;
  readonly partition: number;
  readonly n: number;
}

const minuteMs = 60_000;

/** Counts of new events, in the one order in which all who write them take their rows. */
export function countByMinute(
  events: readonly { readonly clientId: string; readonly partition: number; readonly event: Event }[],
): MinuteCount[] {
  const counts = new Map<string, { -readonly [K in keyof MinuteCount]: MinuteCount[K] }>();
  for (const { clientId, partition, event } of events) {
    const { type } = event;
    const level = event.type === 'log' ? event.level : '';
    const minute = Math.floor(Date.parse(event.at) / minuteMs) * minuteMs;
    const name = `${clientId} ${type} ${minute} ${level} ${partition}`;
    const known = counts.get(name);
    if (known !== undefined) known.n += 1;
    else counts.set(name, { clientId, type, level, minuteMs: minute, partition, n: 1 });
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
}

/**
 * Stores blocks and counts, all or nothing.
 *
 * @throws {UnavailableError} `bus-unavailable` where a partition is somebody else's by now
 */
export async function writeEvents(
  transaction: SqlTransaction,
  owned: readonly OwnedPartition[],
  blocks: readonly SealedBlock[],
  counts: readonly MinuteCount[],
): Promise<void> {
  await assertOwner(transaction, owned);
  if (blocks.length === 0) return;
  const column = <T>(pick: (block: SealedBlock) => T) => blocks.map(pick);
  await transaction.query(
    `INSERT INTO event_block (received_at, client_id, type, partition, first_at, last_at, rows, levels, identities, key_id, payload)
     SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::int[], $5::timestamptz[], $6::timestamptz[], $7::int[],
                          $8::smallint[], $9::bytea[], $10::int[], $11::bytea[])`,
    [
      column(({ receivedAt }) => receivedAt),
      column(({ clientId }) => clientId),
      column(({ type }) => type),
      column(({ partition }) => partition),
      column(({ firstAt }) => firstAt),
      column(({ lastAt }) => lastAt),
      column(({ rows }) => rows),
      column(({ levels }) => levels),
      column(({ identities }) => identities),
      column(({ keyId }) => keyId),
      column(({ payload }) => payload),
    ],
  );
  await transaction.query(
    `INSERT INTO event_count (client_id, type, level, minute, partition, n)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::int[], $6::bigint[])
     ON CONFLICT (client_id, type, minute, level, partition) DO UPDATE SET n = event_count.n + excluded.n`,
    [
      counts.map(({ clientId }) => clientId),
      counts.map(({ type }) => type),
      counts.map(({ level }) => level),
      counts.map((count) => new Date(count.minuteMs)),
      counts.map(({ partition }) => partition),
      counts.map(({ n }) => n),
    ],
  );
}
