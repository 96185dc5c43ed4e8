import { constantTimeEqual } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import type { Queryable } from '../../database/index.ts';
import { blockSealers, entriesPerBlock, entryAt, keyIdOf } from '../block.ts';
import type { DataKey } from '../data-key-ring.ts';

/** A batch whose records are read: whose it is, how many there are, and under which key. */
export interface RecordedBatch {
  readonly batchId: string;
  readonly clientId: string;
  readonly recordCount: number;
  readonly dataKey: DataKey;
}

/** A record as it was uploaded. */
export interface FirstVersion {
  readonly entry: string;
}

interface DigestRow {
  readonly seq: number;
  readonly block_seq: number;
  readonly sha256: Buffer;
}

/**
 * Reads records as they were uploaded, wherever in the batch they are. Blocks are opened whole; only what was asked for is
 * compared with its digest.
 *
 * @throws {IntegrityError} `record-tampered` when one of them is missing or isn't what was written
 */
export async function readFirstVersions(
  tx: Queryable,
  batch: RecordedBatch,
  seqs: readonly number[],
): Promise<Map<number, FirstVersion>> {
  const found = new Map<number, FirstVersion>();
  if (seqs.length === 0) return found;
  const { batchId, clientId, dataKey } = batch;
  const sealers = blockSealers('record', dataKey, batchId, clientId);
  const { rows } = await tx.query<DigestRow>(
    'SELECT seq, block_seq, sha256 FROM tokenized_record WHERE batch_id = $1 AND seq = ANY($2::integer[])',
    [batchId, seqs],
  );
  const lastSeqs = [...new Set(rows.map(({ block_seq }) => block_seq))];
  const blocks = await tx.query<{ seq: number; payload: Buffer | null }>(
    'SELECT seq, payload FROM tokenized_record WHERE batch_id = $1 AND seq = ANY($2::integer[])',
    [batchId, lastSeqs],
  );
  const payloads = new Map(blocks.rows.map(({ seq, payload }) => [seq, payload]));
  const opened = new Map<number, Buffer>();
  for (const row of rows) {
    const firstSeq = firstSeqOfBlock(row.seq);
    const lastSeq = Math.min(firstSeq + entriesPerBlock - 1, batch.recordCount);
    if (row.block_seq !== lastSeq) throw tampered(batchId, row.seq);
    // Rows and blocks are read one after the other: the batch may have been given another key in between, or be read anew.
    const payload = payloads.get(lastSeq);
    const keyId = keyIdOf(payload);
    if (keyId === undefined) throw tampered(batchId, row.seq);
    const sealer = await sealers(keyId);
    const count = lastSeq - firstSeq + 1;
    const block = opened.get(lastSeq) ?? (payload ? sealer.open(firstSeq, count, payload) : undefined);
    const entry = block && entryAt(block, count, row.seq - firstSeq);
    if (block === undefined || entry === undefined) throw tampered(batchId, row.seq);
    opened.set(lastSeq, block);
    if (!constantTimeEqual(row.sha256.toString('hex'), sealer.digest(row.seq, entry))) throw tampered(batchId, row.seq);
    found.set(row.seq, { entry });
  }
  for (const seq of seqs) if (!found.has(seq)) throw tampered(batchId, seq);
  return found;
}

function firstSeqOfBlock(seq: number): number {
  return Math.floor((seq - 1) / entriesPerBlock) * entriesPerBlock + 1;
}

export function tampered(batchId: string, row?: number): IntegrityError {
  return new IntegrityError('record-tampered', { details: { batchId, ...(row !== undefined && { row }) } });
}
