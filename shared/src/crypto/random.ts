import { createSecretKey, type KeyObject, randomBytes, randomFillSync } from 'node:crypto';

// Drawn for many ids at once: a draw costs more than all else that an id needs. None of these bytes is a key.
const pool = Buffer.alloc(8_192);
let offset = pool.length;

/** A random id of `sizeBytes` bytes (at least 16, so that ids made anywhere never meet) as lower-case hex. */
export function randomId(sizeBytes = 16): string {
  if (sizeBytes < 16) throw new RangeError('An id needs at least 16 random bytes.');
  return randomHex(sizeBytes);
}

/** Random bytes as lower-case hex, for names that need not be unlike all others. At most 8,192 bytes. */
export function randomHex(sizeBytes: number): string {
  if (offset + sizeBytes > pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const hex = pool.toString('hex', offset, offset + sizeBytes);
  offset += sizeBytes;
  return hex;
}

/** A fresh random 256-bit key. */
export function generateKey(): KeyObject {
  return createSecretKey(randomBytes(32));
}
