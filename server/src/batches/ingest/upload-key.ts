import { createHmac, type KeyObject } from 'node:crypto';
import type { BatchMetadata } from '@sdp/shared/contracts';
import { canonicalJson, constantTimeEqual, deriveKey, lengthPrefixed } from '@sdp/shared/crypto';
import type { PoolClient } from '../../database/index.ts';
import type { UploadFormat } from './upload-body.ts';

/** An `Idempotency-Key`; each client has its own. */
export interface UploadKey {
  readonly clientId: string;
  readonly key: string;
}

export interface EarlierUpload {
  readonly batchId: string;
  matches(digest: Buffer | undefined): boolean;
}

/**
 * Claims the key for this transaction, before the body is read. While another upload holds it, this waits: of two that come
 * together one stores and the other finds what was stored.
 *
 * @returns the earlier upload with this key, or undefined when the key is this one's now
 */
export async function claimUploadKey(
  tx: PoolClient,
  { clientId, key }: UploadKey,
  batchId: string,
): Promise<EarlierUpload | undefined> {
  const { rowCount } = await tx.query(
    `INSERT INTO upload_key (client_id, idempotency_key, batch_id) VALUES ($1, $2, $3)
     ON CONFLICT (client_id, idempotency_key) DO NOTHING`,
    [clientId, key, batchId],
  );
  if (rowCount === 1) return undefined;
  const { rows } = await tx.query<{ batch_id: string; sha256: Buffer | null }>(
    'SELECT batch_id, sha256 FROM upload_key WHERE client_id = $1 AND idempotency_key = $2',
    [clientId, key],
  );
  const [row] = rows;
  // Removed since, together with its batch: the sender may try again.
  if (!row) return { batchId, matches: () => false };
  const known = row.sha256;
  return {
    batchId: row.batch_id,
    matches: (digest) => known !== null && digest !== undefined && constantTimeEqual(known, digest),
  };
}

export async function settleUploadKey(tx: PoolClient, { clientId, key }: UploadKey, digest: Buffer | undefined) {
  await tx.query('UPDATE upload_key SET sha256 = $3 WHERE client_id = $1 AND idempotency_key = $2', [
    clientId,
    key,
    digest,
  ]);
}

/** What makes two requests the same: format, metadata and uncompressed body. */
export function uploadDigest(
  serverKey: KeyObject,
  format: UploadFormat,
  metadata: BatchMetadata,
  body: Buffer,
): Buffer {
  return createHmac('sha256', deriveKey(serverKey, 'server-upload-digest-v1'))
    .update(lengthPrefixed(format, canonicalJson(metadata), body))
    .digest();
}
