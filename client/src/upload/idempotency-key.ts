import { createHash } from 'node:crypto';
import type { ReceiptAuthority } from './receipt.ts';

/** Everything that makes two uploads the same. */
export interface UploadIdentity {
  readonly fileSha256: string;
  readonly serverUrl: string;
  readonly clientId: string;
  readonly processingType: string;
  readonly keyColumn: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly declaration: unknown;
}

/**
 * The same for the same upload, so that repeating a command (after a lost answer, or a crash before the receipt was
 * written) gives the batch that is there already. Under the vault's key where there is one: a plain digest would let the
 * server tell whether two clients have one file.
 */
export function idempotencyKey(identity: UploadIdentity, vault: ReceiptAuthority | undefined): string {
  const { fileSha256, serverUrl, clientId, processingType, keyColumn, params, declaration } = identity;
  const text = JSON.stringify([
    'sdp-upload-v1',
    fileSha256,
    serverUrl,
    clientId,
    processingType,
    keyColumn,
    Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1)),
    declaration,
  ]);
  return vault?.authenticate('receipt', Buffer.from(text)) ?? createHash('sha256').update(text).digest('hex');
}
