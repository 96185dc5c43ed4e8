import type { Event, EventType } from '@sdp/shared/contracts';
import { onlyTenants, type Pool, query } from '../../database/index.ts';
import type { DataKeyRing } from '../../records/index.ts';
import { openBlock } from './event-block.ts';
import { type StoredBlockRow, sealedBlockOf, storedBlockColumns } from './stored-block.ts';

export interface HistoryFilter {
  readonly clientId: string;
  readonly type?: EventType | undefined;
  /** By the events' own time. */
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly to?: Date | undefined;
}

/** Events that came together. */
export interface HistoryBlock {
  readonly receivedAt: Date;
  readonly events: readonly Event[];
}

const blocksAtOnce = 16;

/**
 * A client's stored events in the order in which they were stored, each once.
 *
 * @throws {IntegrityError} `record-tampered` when stored events are not what was stored
 */
export async function* readHistory(
  pool: Pool,
  keyRing: DataKeyRing,
  { clientId, type, from, to }: HistoryFilter,
): AsyncGenerator<HistoryBlock> {
  const [fromMs, toMs] = [from?.getTime() ?? Number.NEGATIVE_INFINITY, to?.getTime() ?? Number.POSITIVE_INFINITY];
  const isInside = ({ at }: Event) => Date.parse(at) >= fromMs && Date.parse(at) < toMs;
  let after = '0';
  for (;;) {
    const { rows } = await query<StoredBlockRow>(
      onlyTenants(pool, [clientId]),
      `SELECT ${storedBlockColumns}
         FROM event_block
        WHERE client_id = $1 AND ($2::text IS NULL OR type = $2) AND block_id > $3
          AND ($4::timestamptz IS NULL OR last_at >= $4) AND ($5::timestamptz IS NULL OR first_at < $5)
        ORDER BY block_id LIMIT ${blocksAtOnce}`,
      [clientId, type ?? null, after, from ?? null, to ?? null],
    );
    for (const row of rows) {
      const events = (await openBlock(sealedBlockOf(row), await keyRing.get(row.key_id))).filter(isInside);
      if (events.length > 0) yield { receivedAt: row.received_at, events };
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < blocksAtOnce) return;
    after = last.block_id;
  }
}
