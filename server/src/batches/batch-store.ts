import type { Actor, BatchId, BatchStatus, Declaration, IndexDeclaration, ProcessingType } from '@sdp/shared/contracts';
import { onlyTenants, type Pool, type PoolClient, type Queryable, query } from '../database/index.ts';
import type { BatchScope, DataKey, DataKeyRing } from '../records/index.ts';
import type { ProcessingSummary } from './processor.ts';
import {
  type BatchRow,
  type Outcome,
  openBatchRow,
  outcomeDigest,
  receivedDigest,
  type StoredBatch,
} from './stored-batch.ts';

export interface NewBatch {
  readonly batchId: BatchId;
  readonly clientId: string;
  readonly processingType: ProcessingType;
  readonly recordCount: number;
  readonly columns: readonly string[];
  readonly keyIndex: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly declaration: Declaration | null;
  readonly declaredSafe: readonly string[];
  readonly index: IndexDeclaration;
  readonly author: Actor;
  readonly receivedAt: Date;
}

export interface BatchFilter {
  readonly clientId: string;
  readonly status?: BatchStatus | undefined;
  /** Continue after this batch. */
  readonly after?: { readonly receivedAt: Date; readonly batchId: string } | undefined;
  readonly limit: number;
}

/**
 * Rows of `processing_batch`. Whatever is read is checked against its keyed digest; a mismatch throws
 * {@link IntegrityError} `record-tampered`. State changes take the caller's transaction.
 */
export interface BatchStore {
  insert(tx: PoolClient, dataKey: DataKey, batch: NewBatch): Promise<void>;
  /** @returns undefined where there is no such batch, or it is another client's */
  find(batchId: string, clientId: string): Promise<StoredBatch | undefined>;
  /** For workers and operators: whoever's it is. */
  load(batchId: string): Promise<StoredBatch | undefined>;
  list(filter: BatchFilter): Promise<StoredBatch[]>;
  /** Whose data and under which key, for the functions of `records/`. */
  scopeOf(batch: StoredBatch): Promise<BatchScope>;
  /** RECEIVED → PROCESSING; a batch that is PROCESSING already stays so. @returns false when it is final or gone */
  markProcessing(db: Queryable, batchId: string): Promise<boolean>;
  /**
   * Locks the row for the rest of the transaction and reads it: two workers on one batch come one after the other, and the
   * second sees what the first has done.
   */
  lock(tx: PoolClient, batchId: string): Promise<StoredBatch | undefined>;
  /** → PROCESSED, in the transaction that writes the results. */
  markProcessed(tx: PoolClient, batch: StoredBatch, summary: ProcessingSummary): Promise<void>;
  /** → FAILED. `message` is for people and holds no values. */
  markFailed(
    db: Queryable,
    batch: StoredBatch,
    reason: { readonly code: string; readonly message: string },
  ): Promise<void>;
  /** → QUARANTINED. `message` is for people and holds no values. */
  markQuarantined(
    db: Queryable,
    batch: StoredBatch,
    reason: { readonly code: string; readonly message: string },
  ): Promise<void>;
}

/** What comes of a batch on which nothing was computed. */
const nothing = { processedRecords: 0, counts: {}, modelVersion: null, release: null } as const;

export function createBatchStore(pool: Pool, keyRing: DataKeyRing): BatchStore {
  const open = async (row: BatchRow | undefined): Promise<StoredBatch | undefined> =>
    row && openBatchRow(row, await keyRing.get(row.key_id));

  const finish = async (db: Queryable, batch: StoredBatch, outcome: Outcome): Promise<void> => {
    const digest = outcomeDigest(await keyRing.get(batch.keyId), batch.batchId, outcome);
    await query(
      db,
      `UPDATE processing_batch
          SET status = $2, processed_records = $3, counts = $4, reason_code = $5, reason_message = $6, model_version = $7,
              outcome_sha256 = $8, report = $9, started_at = coalesce(started_at, now()), finished_at = now()
        WHERE batch_id = $1`,
      [
        batch.batchId,
        outcome.status,
        outcome.processedRecords,
        JSON.stringify(outcome.counts),
        outcome.reason?.code ?? null,
        outcome.reason?.message ?? null,
        outcome.modelVersion,
        digest,
        outcome.release && JSON.stringify(outcome.release),
      ],
    );
  };

  return {
    async insert(tx, dataKey, batch) {
      await tx.query(
        `INSERT INTO processing_batch (batch_id, client_id, processing_type, record_count, columns, key_index, params,
                                       declaration, declared_safe, key_id, sha256, received_at, index_columns, author_kind,
                                       author_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
        [
          batch.batchId,
          batch.clientId,
          batch.processingType,
          batch.recordCount,
          batch.columns,
          batch.keyIndex,
          JSON.stringify(batch.params),
          batch.declaration && JSON.stringify(batch.declaration),
          batch.declaredSafe,
          dataKey.id,
          receivedDigest(dataKey, batch),
          batch.receivedAt,
          JSON.stringify(batch.index),
          batch.author.kind,
          batch.author.id,
        ],
      );
    },
    async find(batchId, clientId) {
      const sql = 'SELECT * FROM processing_batch WHERE batch_id = $1 AND client_id = $2';
      return open((await query<BatchRow>(onlyTenants(pool, [clientId]), sql, [batchId, clientId])).rows[0]);
    },
    async load(batchId) {
      return open(
        (await query<BatchRow>(pool, 'SELECT * FROM processing_batch WHERE batch_id = $1', [batchId])).rows[0],
      );
    },
    async list({ clientId, status, after, limit }) {
      const { rows } = await query<BatchRow>(
        onlyTenants(pool, [clientId]),
        `SELECT * FROM processing_batch
          WHERE client_id = $1 AND ($2::text IS NULL OR status = $2)
            AND ($3::timestamptz IS NULL OR (received_at, batch_id) < ($3, $4::uuid))
          ORDER BY received_at DESC, batch_id DESC LIMIT $5`,
        [clientId, status ?? null, after?.receivedAt ?? null, after?.batchId ?? null, limit],
      );
      return Promise.all(rows.map(async (row) => openBatchRow(row, await keyRing.get(row.key_id))));
    },
    async scopeOf(batch) {
      return { batchId: batch.batchId, clientId: batch.clientId, dataKey: await keyRing.get(batch.keyId) };
    },
    async markProcessing(db, batchId) {
      const { rowCount } = await query(
        db,
        `UPDATE processing_batch SET status = 'PROCESSING', started_at = coalesce(started_at, now())
          WHERE batch_id = $1 AND status IN ('RECEIVED', 'PROCESSING')`,
        [batchId],
      );
      return rowCount === 1;
    },
    async lock(tx, batchId) {
      const sql = 'SELECT * FROM processing_batch WHERE batch_id = $1 FOR UPDATE';
      return open((await tx.query<BatchRow>(sql, [batchId])).rows[0]);
    },
    async markProcessed(tx, batch, { modelVersion, counts, release }) {
      await finish(tx, batch, {
        status: 'PROCESSED',
        processedRecords: batch.recordCount,
        counts,
        reason: null,
        modelVersion,
        release: release ?? null,
      });
    },
    async markFailed(db, batch, reason) {
      await finish(db, batch, { ...nothing, status: 'FAILED', reason });
    },
    async markQuarantined(db, batch, reason) {
      await finish(db, batch, { ...nothing, status: 'QUARANTINED', reason });
    },
  };
}
