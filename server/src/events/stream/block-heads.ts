import { type EventType, eventTypes } from '@sdp/shared/contracts';
import { type Queryable, query } from '../../database/index.ts';
import type { Tenants } from '../../identity/index.ts';
import type { TailPage } from '../../live-streams/index.ts';

/** What can be known of a block without opening it. */
export interface BlockHead {
  /** Its number. */
  readonly seq: bigint;
  readonly clientId: string;
  readonly type: EventType;
  readonly rows: number;
  readonly levels: number;
}

interface HeadRow {
  readonly block_id: string | null;
  readonly client_id: string;
  readonly type: EventType;
  readonly rows: number;
  readonly levels: number;
  readonly forgotten: string;
}

const columns = 'b.block_id, b.client_id, b.type, b.rows, b.levels';

/**
 * Blocks behind a position in the order of their numbers, and whether there were more of them once.
 *
 * @param db sees the clients' rows alone
 */
export async function readHeads(
  db: Queryable,
  tenants: Tenants,
  after: bigint,
  upTo: bigint,
  limit: number,
): Promise<TailPage<BlockHead>> {
  // Of each client by itself: one with few events is not found by reading everybody's.
  const heads =
    tenants === '*'
      ? `SELECT ${columns} FROM event_block b WHERE b.block_id > $1 AND b.block_id <= $2 ORDER BY b.block_id LIMIT $3`
      : `SELECT b.* FROM unnest($4::text[]) AS t(client_id) CROSS JOIN unnest($5::text[]) AS k(type) CROSS JOIN LATERAL (
           SELECT ${columns} FROM event_block b
            WHERE b.client_id = t.client_id AND b.type = k.type AND b.block_id > $1 AND b.block_id <= $2
            ORDER BY b.block_id LIMIT $3) b
          ORDER BY b.block_id LIMIT $3`;
  const { rows } = await query<HeadRow>(
    db,
    // In one statement: a table that is dropped before it is noted here, and one that is not yet is still read.
    `SELECT h.*, f.forgotten FROM (SELECT coalesce(max(block_id), 0) AS forgotten FROM event_forgotten) f
       LEFT JOIN LATERAL (${heads}) h ON true ORDER BY h.block_id`,
    [after.toString(), upTo.toString(), limit, ...(tenants === '*' ? [] : [tenants, eventTypes])],
  );
  const items = rows.flatMap(({ block_id, client_id: clientId, type, rows: count, levels }) =>
    block_id === null ? [] : [{ seq: BigInt(block_id), clientId, type, rows: count, levels }],
  );
  return {
    items,
    position: items.length === limit ? (items.at(-1) as BlockHead).seq : upTo,
    forgotten: BigInt(rows[0]?.forgotten ?? 0),
  };
}

/** Up to which block events of these clients have been dropped. @param db sees the clients' rows alone */
export async function forgottenTo(db: Queryable): Promise<bigint> {
  const { rows } = await query<{ forgotten: string }>(
    db,
    'SELECT coalesce(max(block_id), 0) AS forgotten FROM event_forgotten',
  );
  return BigInt(rows[0]?.forgotten ?? 0);
}
