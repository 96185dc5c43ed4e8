import type { BatchResult } from '@sdp/shared/contracts';
import { CompactRange } from '@sdp/shared/crypto';
import type { PoolClient, Queryable } from '../database/index.ts';
import { blockSealers, createBlockSealer, entriesPerBlock } from './block.ts';
import type { DataKey } from './data-key-ring.ts';
import { decodeRecord, encodeRecord, type RecordRow } from './record-entry.ts';
import { readSealedRows } from './sealed-row-reader.ts';
import { openSealedRowWriter } from './sealed-row-writer.ts';
import type { ColumnIndex } from './search/column-index.ts';
import { createIndexWriter } from './search/index-writer.ts';

/** Whose data, and under which key. Everything written is bound to all of it. */
export interface BatchScope {
  readonly batchId: string;
  readonly clientId: string;
  readonly dataKey: DataKey;
}

/** Consecutive records; `rows[i]` is record `firstSeq + i`. */
export interface StoredRecords {
  readonly firstSeq: number;
  readonly rows: readonly RecordRow[];
}

/** Takes records in order; the first one is number 1. */
export interface RecordWriter {
  /** @returns a promise to wait for before the next call, or undefined to go on at once */
  write(row: RecordRow): Promise<void> | undefined;
  /** The same for a record that {@link encodeRecord} or its equal has encoded. */
  writeEncoded(entry: string): Promise<void> | undefined;
  /** Ends the COPY; the rows count once the caller commits. @returns number of records */
  finish(): Promise<number>;
  /** Root of the tree over the records, once it has ended; to be signed and stored with them. */
  root(): Buffer;
  /** Gives up the COPY; the caller must roll back. */
  abort(): Promise<void>;
}

/** Records whose index rows are gathered before they are stored: whole blocks, and no more than fits in memory. */
const recordsPerTurn = 256 * entriesPerBlock;

/**
 * Starts a COPY into `tokenized_record` in the client's transaction. Until `finish` or `abort` the connection can do
 * nothing else.
 *
 * @param index by what the records are to be found: now and then the COPY ends, their index rows are stored, and another begins
 */
export async function openRecordWriter(
  client: PoolClient,
  { batchId, clientId, dataKey }: BatchScope,
  index?: ColumnIndex,
): Promise<RecordWriter> {
  const sealer = createBlockSealer('record', dataKey, batchId, clientId);
  const tree = new CompactRange();
  let rows = await openSealedRowWriter(client, 'record', batchId, sealer, tree);
  if (index === undefined || index.columns.length === 0) {
    return {
      write: (row) => rows.write(encodeRecord(row)),
      writeEncoded: rows.write,
      finish: rows.finish,
      root: () => tree.root(),
      abort: rows.abort,
    };
  }
  const indexRows = createIndexWriter(client, batchId, index);
  let written = 0;
  const turn = async (wait: Promise<void> | undefined): Promise<void> => {
    await wait;
    await rows.finish();
    await indexRows.flush();
    rows = await openSealedRowWriter(client, 'record', batchId, sealer, tree, written + 1);
  };
  const writeEncoded = (entry: string): Promise<void> | undefined => {
    indexRows.add(entry);
    written++;
    const wait = rows.write(entry);
    return written % recordsPerTurn === 0 ? turn(wait) : wait;
  };
  return {
    write: (row) => writeEncoded(encodeRecord(row)),
    writeEncoded,
    async finish() {
      const count = await rows.finish();
      await indexRows.flush();
      return count;
    },
    root: () => tree.root(),
    abort: () => rows.abort(),
  };
}

/**
 * Streams a batch's records, verified.
 *
 * @throws {IntegrityError} `record-tampered` when anything of them isn't what was written
 */
export async function* readRecords(
  pool: Queryable,
  { batchId, clientId, dataKey }: BatchScope,
  recordCount: number,
): AsyncGenerator<StoredRecords> {
  const sealers = blockSealers('record', dataKey, batchId, clientId);
  for await (const { firstSeq, entries } of readSealedRows(pool, 'record', batchId, recordCount, sealers)) {
    yield { firstSeq, rows: entries.map(decodeRecord) };
  }
}

/** Takes results in order of `seq`, one per record, none left out. */
export interface ResultWriter {
  /** @throws {RangeError} when a result is out of order: a processor's mistake */
  write(results: readonly BatchResult[]): Promise<void>;
  /** Ends the COPY; the rows count once the caller commits. @returns number of results */
  finish(): Promise<number>;
  /** Root of the tree over the results, once it has ended; to be signed and stored with them. */
  root(): Buffer;
  /** Gives up the COPY; the caller must roll back. */
  abort(): Promise<void>;
}

/**
 * Starts a COPY into `processed_result` in the client's transaction. Until `finish` or `abort` the connection can do
 * nothing else.
 */
export async function openResultWriter(
  client: PoolClient,
  { batchId, clientId, dataKey }: BatchScope,
): Promise<ResultWriter> {
  const sealer = createBlockSealer('result', dataKey, batchId, clientId);
  const tree = new CompactRange();
  const rows = await openSealedRowWriter(client, 'result', batchId, sealer, tree);
  let nextSeq = 1;
  return {
    async write(results) {
      for (const result of results) {
        if (result.seq !== nextSeq) throw new RangeError('Results must come in order of seq, none left out.');
        nextSeq++;
        const wait = rows.write(JSON.stringify(result));
        if (wait) await wait;
      }
    },
    finish: rows.finish,
    root: () => tree.root(),
    abort: rows.abort,
  };
}

/**
 * Streams a batch's results, verified.
 *
 * @throws {IntegrityError} `record-tampered` when anything of them isn't what was written
 */
export async function* readResults(
  pool: Queryable,
  { batchId, clientId, dataKey }: BatchScope,
  resultCount: number,
): AsyncGenerator<readonly BatchResult[]> {
  const sealers = blockSealers('result', dataKey, batchId, clientId);
  for await (const { entries } of readSealedRows(pool, 'result', batchId, resultCount, sealers)) {
    yield entries.map((entry) => JSON.parse(entry) as BatchResult);
  }
}
