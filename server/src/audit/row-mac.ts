import { createHmac } from 'node:crypto';
import { deriveKey, lengthPrefixed, type MasterKey } from '@sdp/shared/crypto';

/**
 * Code of a row that an append-only source is given, under a key that the database doesn't hold: whoever has SQL access alone
 * can't make one. `fields` are all that the row says, in a fixed order; an absent one counts as different from an empty one.
 */
export type RowMac = (source: string, fields: readonly (string | null)[]) => Buffer;

/** @returns HMAC-SHA-256, 32 bytes */
export function createRowMac(serverKey: MasterKey): RowMac {
  const key = deriveKey(serverKey, 'server-audit-row-v1');
  return (source, fields) =>
    createHmac('sha256', key)
      .update(lengthPrefixed(source, ...fields.map((field) => (field === null ? absent : `=${field}`))))
      .digest();
}

const absent = '-';
