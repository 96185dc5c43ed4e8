import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import type { StoredBatch } from '../batches/index.ts';
import { type Queryable, query } from '../database/index.ts';
import {
  createColumnIndex,
  createVersionStore,
  type DataKey,
  type DataKeyRing,
  decodeRecord,
  type EntryChunk,
  type RecordRow,
} from '../records/index.ts';
import type { Finding } from './finding.ts';

/** Verifies by what records are found. */
export interface IndexCheck {
  /** Of the records of a chunk, each as its latest version is. */
  check(chunk: EntryChunk): Promise<Finding[]>;
  /** What is there for no record, or for no column that was declared. */
  checkRest(): Promise<Finding[]>;
}

interface IndexRow {
  readonly seq: number;
  readonly key: Buffer;
}

const table = 'record_index';
const maxListed = 200;

export function createIndexCheck(
  db: Queryable,
  { batchId, clientId, recordCount, columns, index: declared }: StoredBatch,
  dataKey: DataKey,
  { keyRing, serverKey }: { readonly keyRing: DataKeyRing; readonly serverKey: MasterKey },
): IndexCheck {
  const places = new Map(columns.map((name, i) => [name, i]));
  const index = createColumnIndex(serverKey, batchId, declared, (name) => places.get(name));
  const versions = createVersionStore(keyRing);

  /** Cells of records that have been corrected. */
  const corrected = async (first: number, last: number): Promise<Map<number, RecordRow>> => {
    const { rows } = await query<{ seq: number }>(
      db,
      'SELECT DISTINCT seq FROM record_versions WHERE batch_id = $1 AND seq BETWEEN $2 AND $3',
      [batchId, first, last],
    );
    const seqs = rows.map(({ seq }) => seq);
    if (seqs.length === 0) return new Map();
    const latest = await versions.current(db, { batchId, clientId, recordCount, dataKey }, seqs);
    return new Map(latest.map(({ seq, cells }) => [seq, cells]));
  };

  return {
    async check({ firstSeq, entries }) {
      if (index.columns.length === 0) return [];
      const lastSeq = firstSeq + entries.length - 1;
      let changed: Map<number, RecordRow>;
      try {
        changed = await corrected(firstSeq, lastSeq);
      } catch (error) {
        // The versions themselves are told of elsewhere; by what their records are found can't be said then.
        if (error instanceof IntegrityError) return [];
        throw error;
      }
      const records = entries.map((entry, i) => changed.get(firstSeq + i) ?? decodeRecord(entry));
      const findings: Finding[] = [];
      for (const column of index.columns) {
        const { rows } = await query<IndexRow>(
          db,
          'SELECT seq, key FROM record_index WHERE batch_id = $1 AND column_no = $2 AND seq BETWEEN $3 AND $4',
          [batchId, column.columnNo, firstSeq, lastSeq],
        );
        const stored = new Map(rows.map(({ seq, key }) => [seq, key]));
        for (const [i, cells] of records.entries()) {
          const row = firstSeq + i;
          const key = stored.get(row);
          if (key?.equals(index.keyOf(column, index.cellOf(column, cells)))) continue;
          if (findings.length >= maxListed) return findings;
          findings.push({ table, kind: key ? 'edited' : 'deleted', batchId, row, column: column.columnNo });
        }
      }
      return findings;
    },
    async checkRest() {
      const { rows } = await query<{ seq: number; column_no: number }>(
        db,
        `SELECT seq, column_no FROM record_index
          WHERE batch_id = $1 AND (seq < 1 OR seq > $2 OR column_no < 0 OR column_no >= $3) LIMIT ${maxListed}`,
        [batchId, recordCount, index.columns.length],
      );
      return rows.map(({ seq: row, column_no: column }) => ({ table, kind: 'inserted', batchId, row, column }));
    },
  };
}
