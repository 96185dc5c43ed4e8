import { randomUUID } from 'node:crypto';
import { type Queryable, query } from '../../database/index.ts';

/** What is to be sent again: messages of a topic that the log took at `from` or later and before `to`. */
export interface RestoreRange {
  readonly place: string;
  readonly topic: string;
  readonly into: string;
  readonly from: Date;
  readonly to: Date;
}

/** Last message of a partition that is known to have been sent: number of its manifest entry, and offset. */
export interface SentUpTo {
  readonly sequence: number;
  readonly offset: bigint;
}

/** A restore, which may have been begun by a process that died. */
export interface RestoreRecord extends RestoreRange {
  readonly id: string;
  readonly positions: ReadonlyMap<number, SentUpTo>;
  /** Of the topic that it goes into, by partition, before what may have been sent since. */
  readonly ends: ReadonlyMap<number, bigint>;
  readonly sent: number;
  readonly startedAt: Date;
  readonly finishedAt: Date | undefined;
}

interface Row {
  readonly restore_id: string;
  readonly place: string;
  readonly topic: string;
  readonly into_topic: string;
  readonly from_at: Date;
  readonly to_at: Date;
  readonly positions: readonly (readonly [partition: number, sequence: number, offset: string])[];
  readonly ends: readonly (readonly [partition: number, offset: string])[];
  readonly sent: string;
  readonly started_at: Date;
  readonly finished_at: Date | null;
}

/** The newest restore of this range; of whatever end where `to` is left out. */
export async function findRestore(
  db: Queryable,
  { place, topic, into, from, to }: Omit<RestoreRange, 'to'> & { readonly to: Date | undefined },
): Promise<RestoreRecord | undefined> {
  const { rows } = await query<Row>(
    db,
    `SELECT * FROM backup_restore
      WHERE place = $1 AND topic = $2 AND into_topic = $3 AND from_at = $4 AND ($5::timestamptz IS NULL OR to_at = $5)
      ORDER BY started_at DESC LIMIT 1`,
    [place, topic, into, from, to ?? null],
  );
  const [row] = rows;
  return row && toRecord(row);
}

export async function beginRestore(
  db: Queryable,
  range: RestoreRange,
  ends: ReadonlyMap<number, bigint>,
): Promise<RestoreRecord> {
  const { place, topic, into, from, to } = range;
  const { rows } = await query<Row>(
    db,
    `INSERT INTO backup_restore (restore_id, place, topic, into_topic, from_at, to_at, positions, ends)
     VALUES ($1, $2, $3, $4, $5, $6, '[]', $7) RETURNING *`,
    [randomUUID(), place, topic, into, from, to, JSON.stringify(endsOf(ends))],
  );
  return toRecord(rows[0] as Row);
}

/** Says how far it has come; before the next messages are sent. */
export async function noteRestore(
  db: Queryable,
  id: string,
  { positions, ends, sent }: Pick<RestoreRecord, 'positions' | 'ends' | 'sent'>,
  isDone = false,
): Promise<void> {
  const reached = [...positions].map(([partition, { sequence, offset }]) => [partition, sequence, String(offset)]);
  await query(
    db,
    `UPDATE backup_restore SET positions = $2, ends = $3, sent = $4, finished_at = CASE WHEN $5 THEN now() END
      WHERE restore_id = $1`,
    [id, JSON.stringify(reached), JSON.stringify(endsOf(ends)), sent, isDone],
  );
}

function endsOf(ends: ReadonlyMap<number, bigint>): unknown {
  return [...ends].map(([partition, offset]) => [partition, String(offset)]);
}

function toRecord(row: Row): RestoreRecord {
  return {
    ...{ id: row.restore_id, place: row.place, topic: row.topic, into: row.into_topic },
    ...{ from: row.from_at, to: row.to_at, sent: Number(row.sent), startedAt: row.started_at },
    positions: new Map(
      row.positions.map(([partition, sequence, offset]) => [partition, { sequence, offset: BigInt(offset) }]),
    ),
    ends: new Map(row.ends.map(([partition, offset]) => [partition, BigInt(offset)])),
    finishedAt: row.finished_at ?? undefined,
  };
}
