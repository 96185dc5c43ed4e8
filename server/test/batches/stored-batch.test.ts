import { createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { batchIdSchema } from '@sdp/shared/contracts';
import { canonicalJson, deriveKey, lengthPrefixed } from '@sdp/shared/crypto';
import { describe, expect, it } from 'vitest';
import { type BatchRow, openBatchRow, receivedDigest } from '../../src/batches/stored-batch.ts';
import type { DataKey } from '../../src/records/index.ts';

const dataKey = { id: 3, key: createSecretKey(randomBytes(32)) } as DataKey;
const batchId = batchIdSchema.parse('6f0e0f5c-8f3b-4c57-9c1c-0f2a5a3f4b11');
const receivedAt = new Date('2026-11-20T10:00:00.123Z');

const row = (changes: Partial<BatchRow>): BatchRow => ({
  batch_id: batchId,
  client_id: 'acme',
  processing_type: 'anomaly_detection',
  status: 'RECEIVED',
  record_count: 2,
  processed_records: 0,
  counts: {},
  reason_code: null,
  reason_message: null,
  model_version: null,
  report: null,
  columns: ['id', 'n'],
  key_index: 0,
  params: { seed: 5 },
  declaration: null,
  declared_safe: ['n'],
  index_columns: null,
  author_kind: null,
  author_id: null,
  key_id: 3,
  sha256: Buffer.alloc(32),
  outcome_sha256: null,
  received_at: receivedAt,
  started_at: null,
  finished_at: null,
  ...changes,
});

describe('a batch from before authors and indexes were kept', () => {
  // What a digest was made over then, written down anew.
  const digest = createHmac('sha256', deriveKey(dataKey.key, 'server-batch-received-v1', batchId))
    .update(
      lengthPrefixed(
        ...[3, 'acme', 'anomaly_detection', 2, lengthPrefixed('id', 'n'), 0, canonicalJson({ seed: 5 })],
        ...[lengthPrefixed('n'), receivedAt.toISOString()],
      ),
    )
    .digest();

  it('is read as ever, and has neither', () => {
    expect(openBatchRow(row({ sha256: digest }), dataKey)).toMatchObject({ batchId, author: null, index: {} });
  });

  it('cannot be given an author or an index', () => {
    for (const changes of [
      { author_kind: 'key', author_id: 'x' },
      { author_kind: 'key', author_id: 'x', index_columns: {} },
      { index_columns: { id: 'equal' } },
    ]) {
      expect(() => openBatchRow(row({ sha256: digest, ...changes }), dataKey)).toThrow(/integrity/);
    }
  });
});

describe('a batch with an author and an index', () => {
  const received = {
    ...{ batchId, clientId: 'acme', processingType: 'anomaly_detection' as const, recordCount: 2, receivedAt },
    ...{ columns: ['id', 'n'], keyIndex: 0, params: { seed: 5 }, declaredSafe: ['n'] },
    declaration: { source: 'user' as const, source_table: 'points', columns: [], declared_safe: [] },
    ...{ index: { id: 'equal' as const }, author: { kind: 'key' as const, id: 'k1' } },
  };
  const stored = {
    ...{ index_columns: { id: 'equal' }, author_kind: 'key', author_id: 'k1' },
    declaration: received.declaration,
  };
  const sha256 = receivedDigest(dataKey, received);

  it('is read as it was received, and not once either was changed or taken away', () => {
    expect(openBatchRow(row({ ...stored, sha256 }), dataKey)).toMatchObject({
      author: received.author,
      index: { id: 'equal' },
    });
    for (const changes of [
      { index_columns: { id: 'range' } },
      { index_columns: {} },
      { index_columns: null },
      { author_id: 'k2' },
      { declaration: null },
      { declaration: { ...received.declaration, source_table: 'others' } },
      { author_kind: 'user' },
      { author_kind: null, author_id: null },
      { author_kind: null, author_id: null, index_columns: null },
    ]) {
      expect(() => openBatchRow(row({ ...stored, sha256, ...changes }), dataKey)).toThrow(/integrity/);
    }
  });
});
