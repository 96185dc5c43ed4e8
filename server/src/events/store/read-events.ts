import { type Event, type EventType, type LogLevel, logLevels } from '@sdp/shared/contracts';
import { onlyTenants, type Pool, query } from '../../database/index.ts';
import type { DataKeyRing } from '../../records/index.ts';
import { openBlock } from './event-block.ts';
import { type StoredBlockRow, sealedBlockOf, storedBlockColumns } from './stored-block.ts';

/** Before the event at this place of this block. */
export interface EventPosition {
  readonly blockId: string;
  readonly index: number;
}

export interface EventFilter {
  readonly clientId: string;
  readonly type?: EventType | undefined;
  /** By the events' own time. */
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly to?: Date | undefined;
  readonly level?: LogLevel | undefined;
  readonly userId?: string | undefined;
  readonly host?: string | undefined;
  readonly before?: EventPosition | undefined;
  readonly limit: number;
}

export interface EventPage {
  readonly events: readonly Event[];
  /** Where to go on, if there may be more. */
  readonly next: EventPosition | undefined;
}

const blocksAtOnce = 8;
/** Looked through for one page; one that finds too little in so many ends early and says where to go on. */
const mostScanned = 50_000;
const mostBytes = 4 * 1_024 * 1_024;
const largestBlockId = '9223372036854775807';

/**
 * A page of a client's recent events, those that were stored last first.
 *
 * @throws {IntegrityError} `record-tampered` when stored events are not what was stored
 */
export async function readEvents(pool: Pool, keyRing: DataKeyRing, filter: EventFilter): Promise<EventPage> {
  const { limit } = filter;
  const fits = filterOf(filter);
  const events: Event[] = [];
  let [scanned, bytes] = [0, 0];
  let before = filter.before ?? { blockId: largestBlockId, index: 0 };
  for (;;) {
    const rows = await blocksBefore(pool, filter, before);
    for (const row of rows) {
      const block = await openBlock(sealedBlockOf(row), await keyRing.get(row.key_id));
      const end = row.block_id === before.blockId ? before.index : block.length;
      for (let index = end - 1; index >= 0; index--) {
        const event = block[index] as Event;
        if (!fits(event)) continue;
        events.push(event);
        bytes += JSON.stringify(event).length;
        if (events.length === limit || bytes >= mostBytes) return { events, next: { blockId: row.block_id, index } };
      }
      scanned += end;
      before = { blockId: row.block_id, index: 0 };
      if (scanned >= mostScanned) return { events, next: before };
    }
    if (rows.length < blocksAtOnce) return { events, next: undefined };
  }
}

/** The block in which a page ended comes again, unless it has no more. */
async function blocksBefore(pool: Pool, filter: EventFilter, before: EventPosition): Promise<StoredBlockRow[]> {
  const { clientId, type, from, to, level } = filter;
  const { rows } = await query<StoredBlockRow>(
    onlyTenants(pool, [clientId]),
    `SELECT ${storedBlockColumns}
       FROM event_block
      WHERE client_id = $1 AND ($2::text IS NULL OR type = $2) AND (block_id < $3 OR block_id = $3 AND $4)
        AND ($5::timestamptz IS NULL OR last_at >= $5) AND ($6::timestamptz IS NULL OR first_at < $6)
        AND ($7::int = 0 OR levels & $7 <> 0)
      ORDER BY block_id DESC LIMIT ${blocksAtOnce}`,
    [
      ...[clientId, type ?? null, before.blockId, before.index > 0, from ?? null, to ?? null],
      level === undefined ? 0 : 1 << logLevels.indexOf(level),
    ],
  );
  return rows;
}

function filterOf({ from, to, level, userId, host }: EventFilter): (event: Event) => boolean {
  const [fromMs, toMs] = [from?.getTime() ?? Number.NEGATIVE_INFINITY, to?.getTime() ?? Number.POSITIVE_INFINITY];
  return (event) => {
    if (userId !== undefined && event.user_id !== userId) return false;
    if (host !== undefined && event.host !== host) return false;
    if (level !== undefined && (event.type !== 'log' || event.level !== level)) return false;
    if (from === undefined && to === undefined) return true;
    const atMs = Date.parse(event.at);
    return atMs >= fromMs && atMs < toMs;
  };
}
