import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto';

/** A random id of `sizeBytes` bytes (at least 16, so that ids made anywhere never meet) as lower-case hex. */
export function randomId(sizeBytes = 16): string {
  if (sizeBytes < 16) throw new RangeError('An id needs at least 16 random bytes.');
  return randomBytes(sizeBytes).toString('hex');
}

/** A fresh random 256-bit key. */
export function generateKey(): KeyObject {
  return createSecretKey(randomBytes(32));
}
