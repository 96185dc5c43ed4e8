import type { AnomalyChanged } from '@sdp/shared/contracts';
import { type Pool, type Queryable, query, withTransaction } from '../../database/index.ts';
import type { TailPage } from '../../live-streams/index.ts';
import {
  type AnomalyRow,
  presentAnomaly,
  presentChange,
  type StateChangeRow,
  selectAnomaly,
} from '../store/anomaly-row.ts';

/** A change of an anomaly's state in its place among all. */
export interface NumberedChange {
  readonly seq: bigint;
  readonly changed: AnomalyChanged;
  /** The same as it is sent. */
  readonly json: string;
}

/** Held by whoever gives numbers, until they are committed. */
const advisoryLock = 72_707_521;
const chunk = 5_000;

/**
 * Gives changes that are committed their numbers. They are written by many transactions at once, which commit in no particular
 * order; one after the other numbers what is there, so that a number never appears below one that somebody may have read.
 *
 * @returns how many; 0 as well where another process is at it
 */
export async function numberChanges(pool: Pool): Promise<number> {
  return withTransaction(pool, async (tx) => {
    const { rows } = await query<{ locked: boolean }>(tx, 'SELECT pg_try_advisory_xact_lock($1) AS locked', [
      advisoryLock,
    ]);
    if (!rows[0]?.locked) return 0;
    // A statement of its own, which sees what the one before us has numbered.
    const { rowCount } = await query(
      tx,
      `UPDATE anomaly_state_change c SET seq = n.seq
         FROM (SELECT change_id, nextval('anomaly_change_seq') AS seq
                 FROM (SELECT change_id FROM anomaly_state_change WHERE seq IS NULL
                        ORDER BY change_id LIMIT ${chunk}) AS o) AS n
        WHERE c.change_id = n.change_id`,
    );
    return rowCount ?? 0;
  });
}

/** How far the numbers go. */
export interface ChangeEnd {
  /** The last that anybody can read; 0 where there is none. */
  readonly last: bigint;
  /** Whether there are changes without a number. */
  readonly isBehind: boolean;
}

export async function changeEnd(db: Queryable): Promise<ChangeEnd> {
  const { rows } = await query<{ last: string; is_behind: boolean }>(
    db,
    `SELECT coalesce((SELECT seq FROM anomaly_state_change WHERE seq IS NOT NULL ORDER BY seq DESC LIMIT 1), 0) AS last,
            EXISTS (SELECT FROM anomaly_state_change WHERE seq IS NULL) AS is_behind`,
  );
  return { last: BigInt(rows[0]?.last ?? 0), isBehind: rows[0]?.is_behind === true };
}

/** The highest number that was ever given: a position beyond it is of another database. */
export async function highestNumber(db: Queryable): Promise<bigint> {
  const { rows } = await query<{ last: string }>(
    db,
    'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS last FROM anomaly_change_seq',
  );
  return BigInt(rows[0]?.last ?? 0);
}

interface ChangeRow extends AnomalyRow {
  readonly seq: string;
  readonly change: Omit<StateChangeRow, 'at'> & { readonly at: string };
}

/**
 * Changes behind a position, of one list of clients or of all.
 *
 * @param db sees the clients' rows alone
 * @param upTo no change after this one
 */
export async function readChanges(
  db: Queryable,
  tenants: readonly string[] | '*',
  after: bigint,
  upTo: bigint,
  limit: number,
): Promise<TailPage<NumberedChange>> {
  if (after >= upTo) return { items: [], position: after, forgotten: 0n };
  // Of each client by itself: one with few changes is not found by reading everybody's.
  const places =
    tenants === '*'
      ? `SELECT * FROM anomaly_state_change c WHERE c.seq > $1 AND c.seq <= $2 ORDER BY c.seq LIMIT $3`
      : `SELECT p.* FROM unnest($4::text[]) AS t(client_id) CROSS JOIN LATERAL (
           SELECT * FROM anomaly_state_change c WHERE c.client_id = t.client_id AND c.seq > $1 AND c.seq <= $2
            ORDER BY c.seq LIMIT $3) p
          ORDER BY p.seq LIMIT $3`;
  const { rows } = await query<ChangeRow>(
    db,
    `WITH places AS MATERIALIZED (${places})
     SELECT p.seq, jsonb_build_object('from_state', p.from_state, 'to_state', p.to_state, 'actor_kind', p.actor_kind,
              'actor_id', p.actor_id, 'note', p.note, 'at', p.at) AS change, ${selectAnomaly('e')}
       FROM places p LEFT JOIN anomaly_events e ON e.anomaly_id = p.anomaly_id ORDER BY p.seq`,
    [after.toString(), upTo.toString(), limit, ...(tenants === '*' ? [] : [tenants])],
  );
  const last = rows.at(-1);
  return {
    // What is past its retention is gone, and its changes tell nothing.
    items: rows.filter(({ anomaly_id }) => anomaly_id !== null).map(present),
    position: last && rows.length === limit ? BigInt(last.seq) : upTo,
    forgotten: 0n,
  };
}

function present({ seq, change: given, ...row }: ChangeRow): NumberedChange {
  const change = presentChange({ ...given, at: new Date(given.at) });
  const isFound = change.from === null;
  const changed = {
    // As it was right then, whatever has become of it since.
    anomaly: {
      ...presentAnomaly(row),
      state: change.to,
      state_at: isFound ? null : change.at,
      state_by: isFound ? null : change.by,
      note: change.note,
    },
    change,
  };
  return { seq: BigInt(seq), changed, json: JSON.stringify(changed) };
}
