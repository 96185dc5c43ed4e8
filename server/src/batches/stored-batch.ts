import { createHmac } from 'node:crypto';
import {
  type Actor,
  actorSchema,
  type Batch,
  type BatchId,
  type BatchStatus,
  batchIdSchema,
  batchStatusSchema,
  type Declaration,
  type IndexDeclaration,
  indexDeclarationSchema,
  type ProcessingType,
  processingTypeSchema,
  type ReleaseReport,
  releaseReportSchema,
} from '@sdp/shared/contracts';
import { canonicalJson, constantTimeEqual, deriveKey, lengthPrefixed } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import type { DataKey } from '../records/index.ts';

/** A row of `processing_batch`. */
export interface StoredBatch {
  readonly batchId: BatchId;
  readonly clientId: string;
  readonly processingType: ProcessingType;
  readonly status: BatchStatus;
  readonly recordCount: number;
  readonly processedRecords: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly modelVersion: string | null;
  /** Of a batch that was anonymized. */
  readonly release: ReleaseReport | null;
  readonly columns: readonly string[];
  readonly keyIndex: number;
  readonly params: Readonly<Record<string, unknown>>;
  readonly declaration: Declaration | null;
  readonly declaredSafe: readonly string[];
  /** Columns that can be searched. */
  readonly index: IndexDeclaration;
  /** Who sent it; null where it is from before authors were kept. */
  readonly author: Actor | null;
  readonly keyId: number;
  readonly receivedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface BatchRow {
  readonly batch_id: string;
  readonly client_id: string;
  readonly processing_type: string;
  readonly status: string;
  readonly record_count: number;
  readonly processed_records: number;
  readonly counts: Record<string, number>;
  readonly reason_code: string | null;
  readonly reason_message: string | null;
  readonly model_version: string | null;
  readonly report: unknown;
  readonly columns: string[];
  readonly key_index: number;
  readonly params: Record<string, unknown>;
  readonly declaration: Declaration | null;
  readonly declared_safe: string[];
  readonly index_columns: Record<string, string> | null;
  readonly author_kind: string | null;
  readonly author_id: string | null;
  readonly key_id: number;
  readonly sha256: Buffer;
  readonly outcome_sha256: Buffer | null;
  readonly received_at: Date;
  readonly started_at: Date | null;
  readonly finished_at: Date | null;
}

/** What a row says was received: fixed once stored. */
export type Received = Pick<
  StoredBatch,
  | 'batchId'
  | 'clientId'
  | 'processingType'
  | 'recordCount'
  | 'columns'
  | 'keyIndex'
  | 'params'
  | 'declaration'
  | 'declaredSafe'
  | 'index'
  | 'author'
> & { readonly receivedAt: Date };

/** What a row says came of it. */
export type Outcome = Pick<
  StoredBatch,
  'status' | 'processedRecords' | 'counts' | 'reason' | 'modelVersion' | 'release'
>;

export function receivedDigest(dataKey: DataKey, batch: Received): Buffer {
  return digest(dataKey, 'server-batch-received-v1', batch.batchId, [
    batch.clientId,
    batch.processingType,
    batch.recordCount,
    lengthPrefixed(...batch.columns),
    batch.keyIndex,
    canonicalJson(batch.params),
    lengthPrefixed(...batch.declaredSafe),
    batch.receivedAt.toISOString(),
    // Batches from before either was kept have digests without them.
    ...(batch.author === null ? [] : [canonicalJson(batch.index), batch.author.kind, batch.author.id]),
    // What it decides on is what it was; the rest of a declaration decided on receipt.
    ...(batch.declaration?.source_table === undefined ? [] : ['source_table', batch.declaration.source_table]),
  ]);
}

export function outcomeDigest(dataKey: DataKey, batchId: BatchId, outcome: Outcome): Buffer {
  return digest(dataKey, 'server-batch-outcome-v1', batchId, [
    outcome.status,
    outcome.processedRecords,
    canonicalJson(outcome.counts),
    canonicalJson(outcome.reason),
    canonicalJson(outcome.modelVersion),
    ...(outcome.release === null ? [] : [canonicalJson(outcome.release)]),
  ]);
}

function digest(dataKey: DataKey, label: string, batchId: BatchId, parts: (string | number | Buffer)[]): Buffer {
  const key = deriveKey(dataKey.key, label, batchId);
  return createHmac('sha256', key)
    .update(lengthPrefixed(dataKey.id, ...parts))
    .digest();
}

/** Validates a row where it enters the program. @throws {IntegrityError} `record-tampered` */
export function openBatchRow(row: BatchRow, dataKey: DataKey): StoredBatch {
  const batchId = batchIdSchema.safeParse(row.batch_id);
  const processingType = processingTypeSchema.safeParse(row.processing_type);
  const status = batchStatusSchema.safeParse(row.status);
  const index = indexDeclarationSchema.safeParse(row.index_columns ?? {});
  const release = releaseReportSchema.nullable().safeParse(row.report);
  const author = actorSchema.safeParse({ kind: row.author_kind, id: row.author_id });
  if (!batchId.success || !processingType.success || !status.success || !index.success || !release.success)
    throw tampered(row.batch_id);
  // Both came together, so one without the other was put there.
  if ((row.author_kind === null && row.index_columns !== null) || (row.author_kind !== null && !author.success)) {
    throw tampered(row.batch_id);
  }
  const batch: StoredBatch = {
    batchId: batchId.data,
    clientId: row.client_id,
    processingType: processingType.data,
    status: status.data,
    recordCount: row.record_count,
    processedRecords: row.processed_records,
    counts: row.counts,
    reason: row.reason_code === null ? null : { code: row.reason_code, message: row.reason_message ?? '' },
    modelVersion: row.model_version,
    release: release.data,
    columns: row.columns,
    keyIndex: row.key_index,
    params: row.params,
    declaration: row.declaration,
    declaredSafe: row.declared_safe,
    index: index.data,
    author: author.success ? author.data : null,
    keyId: row.key_id,
    receivedAt: row.received_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
  if (!constantTimeEqual(row.sha256, receivedDigest(dataKey, batch))) throw tampered(row.batch_id);
  const outcome = isFinalStatus(batch.status) ? outcomeDigest(dataKey, batch.batchId, batch) : undefined;
  if (outcome && !(row.outcome_sha256 && constantTimeEqual(row.outcome_sha256, outcome))) throw tampered(row.batch_id);
  return batch;
}

/** Whether nothing more becomes of a batch by itself. */
export function isFinalStatus(status: BatchStatus): boolean {
  return status === 'PROCESSED' || status === 'FAILED' || status === 'QUARANTINED';
}

/** As the API shows it. */
export function presentBatch(batch: StoredBatch): Batch {
  return {
    batch_id: batch.batchId,
    client_id: batch.clientId,
    processing_type: batch.processingType,
    source_table: batch.declaration?.source_table ?? null,
    status: batch.status,
    accepted_records: batch.recordCount,
    processed_records: batch.processedRecords,
    counts: { ...batch.counts },
    reason: batch.reason,
    model_version: batch.modelVersion,
    release: batch.release,
    key_column: batch.columns[batch.keyIndex] ?? '',
    columns: [...batch.columns],
    declared_safe: [...batch.declaredSafe],
    received_at: batch.receivedAt.toISOString(),
    started_at: batch.startedAt?.toISOString() ?? null,
    finished_at: batch.finishedAt?.toISOString() ?? null,
  };
}

function tampered(batchId: string): IntegrityError {
  return new IntegrityError('record-tampered', { details: { batchId } });
}
