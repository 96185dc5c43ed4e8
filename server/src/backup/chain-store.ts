import { UnavailableError } from '@sdp/shared/errors';
import type { SqlTransaction } from '@sdp/shared/messaging';
import { type Queryable, query } from '../database/index.ts';
import type { BusKind, ChainHead } from './chain-rules.ts';

interface HeadRow {
  readonly topic: string;
  readonly partition: number;
  readonly bus: BusKind;
  readonly generation: number;
  readonly sequence: string;
  readonly from_offset: string;
  readonly next_offset: string;
  readonly last_at: Date;
  readonly mac: string;
}

const columns = 'topic, partition, bus, generation, sequence, from_offset, next_offset, last_at, mac';

/** The ends of all chains of a place, as the database knows them: what is missing at the end of a backup shows by them. */
export async function readHeads(db: Queryable, place: string): Promise<ReadonlyMap<string, ChainHead>> {
  const { rows } = await query<HeadRow>(db, `SELECT ${columns} FROM backup_chain WHERE place = $1`, [place]);
  return new Map(rows.map((row) => [chainName(row.topic, row.partition), toHead(row)]));
}

export async function readHead(
  db: Queryable,
  place: string,
  topic: string,
  partition: number,
): Promise<ChainHead | undefined> {
  const values = [place, topic, partition];
  const sql = `SELECT ${columns} FROM backup_chain WHERE place = $1 AND topic = $2 AND partition = $3`;
  const [row] = (await query<HeadRow>(db, sql, values)).rows;
  return row && toHead(row);
}

/** Names a chain among those of a place. */
export function chainName(topic: string, partition: number): string {
  return `${topic}/${partition}`;
}

export interface Advance {
  readonly place: string;
  readonly topic: string;
  readonly partition: number;
  /** What was built on; undefined where there was nothing. */
  readonly before: ChainHead | undefined;
  readonly after: ChainHead;
}

/** Moves the end of a chain, if it is still where the new entry was built on. @throws {UnavailableError} `backup-unavailable` where it isn't */
export async function advanceHead(
  tx: SqlTransaction,
  { place, topic, partition, before, after }: Advance,
): Promise<void> {
  const { rowCount } = await tx.query(
    `INSERT INTO backup_chain AS c (place, topic, partition, bus, generation, sequence, from_offset, next_offset, last_at, mac)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     ON CONFLICT (place, topic, partition) DO UPDATE
        SET bus = $4, generation = $5, sequence = $6, from_offset = $7, next_offset = $8, last_at = $9, mac = $10,
            updated_at = now()
      WHERE c.sequence = $11 AND c.mac = $12`,
    [
      ...[place, topic, partition, after.bus, after.generation, after.sequence],
      ...[String(after.fromOffset), String(after.nextOffset), after.lastAt, after.mac],
      ...[before?.sequence ?? 0, before?.mac ?? ''],
    ],
  );
  if (rowCount === 1) return;
  throw new UnavailableError('backup-unavailable', {
    message: 'A partition of the backup has a new owner',
    remedy: 'Nothing to do: the new owner goes on with it.',
  });
}

function toHead(row: HeadRow): ChainHead {
  const { bus, generation, sequence, from_offset, next_offset, last_at, mac } = row;
  return {
    ...{ bus, generation, mac, sequence: Number(sequence), lastAt: last_at },
    ...{ fromOffset: BigInt(from_offset), nextOffset: BigInt(next_offset) },
  };
}
