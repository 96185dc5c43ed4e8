import type { PoolClient } from '../../database/index.ts';
import { decodeRecord, type RecordRow } from '../record-entry.ts';
import type { ColumnIndex } from './column-index.ts';

/** Gathers a new batch's index rows, and stores them from time to time. */
export interface IndexWriter {
  /** Takes the next record; the first one is number 1. @throws {InputError} as {@link ColumnIndex.keysOf} */
  add(entry: string): void;
  /** Stores what was gathered. The connection must be free. */
  flush(): Promise<void>;
}

export function createIndexWriter(tx: PoolClient, batchId: string, index: ColumnIndex): IndexWriter {
  let seqs: number[] = [];
  let keys: Buffer[][] = index.columns.map(() => []);
  let nextSeq = 1;
  return {
    add(entry) {
      for (const [i, key] of index.keysOf(decodeRecord(entry), nextSeq).entries()) keys[i]?.push(key);
      seqs.push(nextSeq);
      nextSeq++;
    },
    async flush() {
      if (seqs.length === 0) return;
      // Not a COPY, which PostgreSQL refuses on a table with row-level security.
      for (const [i, { columnNo }] of index.columns.entries()) {
        await tx.query(
          `INSERT INTO record_index (batch_id, column_no, seq, key)
           SELECT $1, $2, seq, key FROM unnest($3::integer[], $4::bytea[]) AS row (seq, key)`,
          [batchId, columnNo, seqs, keys[i]],
        );
      }
      seqs = [];
      keys = index.columns.map(() => []);
    },
  };
}

/** Puts a record's new cells in the place of what it was found by. */
export async function reindexRecord(
  tx: PoolClient,
  place: { readonly batchId: string; readonly seq: number },
  index: ColumnIndex,
  cells: RecordRow,
): Promise<void> {
  if (index.columns.length === 0) return;
  await nameBatch(tx, place.batchId);
  await tx.query(
    `INSERT INTO record_index (batch_id, column_no, seq, key)
     SELECT $1, column_no, $2, key FROM unnest($3::smallint[], $4::bytea[]) AS row (column_no, key)
     ON CONFLICT (batch_id, column_no, seq) DO UPDATE SET key = excluded.key`,
    [place.batchId, place.seq, index.columns.map(({ columnNo }) => columnNo), index.keysOf(cells, place.seq)],
  );
}

/** Names the batch whose index rows the transaction uses; row-level security shows it no other's. */
export async function nameBatch(tx: PoolClient, batchId: string): Promise<void> {
  await tx.query("SELECT set_config('sdp.batch', $1, true)", [batchId]);
}
