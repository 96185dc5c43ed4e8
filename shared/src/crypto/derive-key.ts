import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import { lengthPrefixed } from './length-prefixed.ts';

/**
 * HKDF with SHA-256 (RFC 5869).
 *
 * @param lengthBytes at most 8,160 (255 blocks)
 * @throws {RangeError} if more is asked for
 */
export function hkdfSha256(
  keyMaterial: KeyObject | Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  lengthBytes: number,
): Buffer {
  if (lengthBytes > 255 * 32) throw new RangeError('HKDF-SHA-256 gives at most 8,160 bytes.');
  return Buffer.from(hkdfSync('sha256', keyMaterial, salt, info, lengthBytes));
}

/**
 * One 256-bit key per job. The label names the job and its version (`vault-kek-v1`); context, where given, binds the
 * key to one instance of it. Keys of different labels tell nothing of one another.
 */
export function deriveKey(master: KeyObject, label: string, ...context: readonly string[]): KeyObject {
  const info = lengthPrefixed('sdp-key-v1', label, ...context);
  return createSecretKey(hkdfSha256(master, Buffer.alloc(0), info, 32));
}
