import { hash } from 'node:crypto';
import { leafHash } from '@sdp/shared/crypto';

/**
 * The leaf of a block in the tree over a batch: SHA-256 of 0x00 and the digests of the block's rows (RFC 9162, 2.1.1), where the
 * entry is all of them. One hash for 64 rows: a leaf for each would cost a tenth of storing them.
 *
 * @param prefixed one byte 0x00 and the digests
 */
export function blockLeaf(prefixed: Uint8Array): Buffer {
  return Buffer.from(hash('sha256', prefixed, 'binary'), 'latin1');
}

/** {@link blockLeaf} of digests that are apart. */
export function leafOfDigests(digests: readonly Buffer[]): Buffer {
  return leafHash(Buffer.concat(digests));
}
