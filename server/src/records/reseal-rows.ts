import { CompactRange } from '@sdp/shared/crypto';
import type { Pool, PoolClient } from '../database/index.ts';
import { type BlockKind, blockSealers, createBlockSealer } from './block.ts';
import type { DataKey } from './data-key-ring.ts';
import type { BatchScope } from './record-store.ts';
import { readSealedRows } from './sealed-row-reader.ts';
import { openSealedRowWriter } from './sealed-row-writer.ts';

export interface ResealedRows {
  /** Of the tree over the rows as they were, and as they are now. */
  readonly before: Buffer;
  readonly after: Buffer;
}

const tables: Record<BlockKind, string> = { record: 'tokenized_record', result: 'processed_result' };

/**
 * Writes a batch's rows anew under another key, in the caller's transaction; read, and verified, they are through the pool, so
 * that the connection is free for the COPY. Nobody else may write them meanwhile. Others read the old ones until the commit.
 *
 * @throws {IntegrityError} `record-tampered` when anything of them isn't what was written
 */
export async function resealRows(
  tx: PoolClient,
  pool: Pool,
  kind: BlockKind,
  { batchId, clientId, dataKey }: BatchScope,
  to: DataKey,
  count: number,
): Promise<ResealedRows> {
  await tx.query(`DELETE FROM ${tables[kind]} WHERE batch_id = $1`, [batchId]);
  const before = new CompactRange();
  const after = new CompactRange();
  const sealer = createBlockSealer(kind, to, batchId, clientId);
  const writer = await openSealedRowWriter(tx, kind, batchId, sealer, after);
  try {
    const sealers = blockSealers(kind, dataKey, batchId, clientId);
    for await (const { entries, leaves } of readSealedRows(pool, kind, batchId, count, sealers)) {
      for (const leaf of leaves) before.append(leaf);
      for (const entry of entries) {
        const wait = writer.write(entry);
        if (wait) await wait;
      }
    }
    await writer.finish();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  return { before: before.root(), after: after.root() };
}
