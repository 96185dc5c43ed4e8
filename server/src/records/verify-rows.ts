import { CompactRange } from '@sdp/shared/crypto';
import type { Queryable } from '../database/index.ts';
import { type BlockKind, blockSealers } from './block.ts';
import type { BatchScope } from './record-store.ts';
import { type EntryChunk, readSealedRows } from './sealed-row-reader.ts';

/**
 * Reads all of a batch's rows, opens every block and compares every digest.
 *
 * @param onRows called with the rows as they come, once they are verified; a promise is waited for
 * @returns root of the tree over them
 * @throws {IntegrityError} `record-tampered`
 */
export async function verifyRows(
  db: Queryable,
  kind: BlockKind,
  { batchId, clientId, dataKey }: BatchScope,
  count: number,
  onRows: (chunk: EntryChunk) => Promise<void> | undefined,
): Promise<Buffer> {
  const tree = new CompactRange();
  const sealers = blockSealers(kind, dataKey, batchId, clientId);
  for await (const chunk of readSealedRows(db, kind, batchId, count, sealers)) {
    for (const leaf of chunk.leaves) tree.append(leaf);
    await onRows(chunk);
  }
  return tree.root();
}
