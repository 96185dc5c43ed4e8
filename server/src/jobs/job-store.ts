import type { BatchStatus, ProcessingType } from '@sdp/shared/contracts';
import { type BatchRow, openBatchRow, type StoredBatch } from '../batches/index.ts';
import type { PoolClient } from '../database/index.ts';
import type { DataKeyRing } from '../records/index.ts';

export interface JobFilter {
  readonly clientId?: string | undefined;
  readonly status?: BatchStatus | undefined;
  readonly processingType?: ProcessingType | undefined;
  /** Received at this time or later. */
  readonly from?: Date | undefined;
  /** Received before this time. */
  readonly before?: Date | undefined;
  /** Go on behind this one. */
  readonly after?: { readonly receivedAt: Date; readonly batchId: string } | undefined;
  readonly limit: number;
}

/** Jobs, which are batches, in the caller's transaction and within what it may see. Verified like all that is read of a batch. */
export interface JobStore {
  find(tx: PoolClient, jobId: string): Promise<StoredBatch | undefined>;
  /** Newest first. */
  list(tx: PoolClient, filter: JobFilter): Promise<StoredBatch[]>;
}

export function createJobStore(keyRing: DataKeyRing): JobStore {
  const open = async (row: BatchRow): Promise<StoredBatch> => openBatchRow(row, await keyRing.get(row.key_id));
  return {
    async find(tx, jobId) {
      const { rows } = await tx.query<BatchRow>('SELECT * FROM processing_batch WHERE batch_id = $1', [jobId]);
      return rows[0] && open(rows[0]);
    },
    async list(tx, { clientId, status, processingType, from, before, after, limit }) {
      const { rows } = await tx.query<BatchRow>(
        `SELECT * FROM processing_batch
          WHERE ($1::text IS NULL OR client_id = $1) AND ($2::text IS NULL OR status = $2)
            AND ($3::text IS NULL OR processing_type = $3)
            AND ($4::timestamptz IS NULL OR received_at >= $4) AND ($5::timestamptz IS NULL OR received_at < $5)
            AND ($6::timestamptz IS NULL OR (received_at, batch_id) < ($6, $7::uuid))
          ORDER BY received_at DESC, batch_id DESC LIMIT $8`,
        [
          ...[clientId ?? null, status ?? null, processingType ?? null, from ?? null, before ?? null],
          ...[after?.receivedAt ?? null, after?.batchId ?? null, limit],
        ],
      );
      return Promise.all(rows.map(open));
    },
  };
}
