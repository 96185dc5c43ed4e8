import { createCipheriv, type KeyObject } from 'node:crypto';

/**
 * AES (FIPS 197) over whole 16-byte blocks, each for itself: the building block of FF1, and never a way to encrypt data.
 * One cipher serves all calls: ECB keeps no state between blocks.
 *
 * @throws {RangeError} if the key hasn't 16, 24 or 32 bytes
 */
export function aesEcbEncryptor(key: KeyObject): (blocks: Uint8Array) => Uint8Array {
  const bits = (key.symmetricKeySize ?? 0) * 8;
  if (bits !== 128 && bits !== 192 && bits !== 256) throw new RangeError('An AES key has 16, 24 or 32 bytes.');
  const cipher = createCipheriv(`aes-${bits}-ecb`, key, null);
  cipher.setAutoPadding(false);
  return (blocks) => cipher.update(blocks);
}
