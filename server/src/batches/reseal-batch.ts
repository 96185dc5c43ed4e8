import { IntegrityError } from '@sdp/shared/errors';
import { type Pool, withTransaction } from '../database/index.ts';
import { type BatchRoots, type DataKey, resealRows } from '../records/index.ts';
import { type BatchRow, openBatchRow, outcomeDigest, receivedDigest } from './stored-batch.ts';

/**
 * Gives a batch that is final another data key: its records, its results, its row and its roots, in one transaction. Whoever
 * reads it meanwhile gets the old or the new form of it, or some pages of each, and all of them open.
 *
 * @returns whether it was done; false when the batch isn't final, isn't under that key any more, or is gone
 * @throws {IntegrityError} `record-tampered` when anything of it isn't what was written: it stays as it is
 */
export async function resealBatch(
  pool: Pool,
  roots: BatchRoots,
  batchId: string,
  from: DataKey,
  to: DataKey,
): Promise<boolean> {
  return withTransaction(pool, async (tx) => {
    await tx.query('SET LOCAL statement_timeout = 0');
    const { rows } = await tx.query<BatchRow>(
      `SELECT * FROM processing_batch WHERE batch_id = $1 AND key_id = $2 AND status IN ('PROCESSED', 'FAILED', 'QUARANTINED') FOR UPDATE`,
      [batchId, from.id],
    );
    const [row] = rows;
    if (row === undefined) return false;
    const batch = openBatchRow(row, from);
    const scope = { batchId, clientId: batch.clientId, dataKey: from };
    const stored = new Map((await roots.of(tx, batchId)).map((root) => [root.kind, root]));
    const kinds = batch.status === 'PROCESSED' ? (['record', 'result'] as const) : (['record'] as const);
    for (const kind of kinds) {
      const entries = batch.recordCount;
      const { before, after } = await resealRows(tx, pool, kind, scope, to, entries);
      const root = stored.get(kind);
      if (root && !(root.isSigned && root.entries === entries && root.root.equals(before))) {
        throw new IntegrityError('record-tampered', { details: { batchId } });
      }
      await roots.put(tx, { batchId, kind, keyId: to.id, entries, root: after });
    }
    await tx.query('UPDATE processing_batch SET key_id = $2, sha256 = $3, outcome_sha256 = $4 WHERE batch_id = $1', [
      ...[batchId, to.id, receivedDigest(to, batch), outcomeDigest(to, batch.batchId, batch)],
    ]);
    return true;
  });
}
