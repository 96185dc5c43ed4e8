import { timingSafeEqual } from 'node:crypto';

/**
 * Compares two secrets or digests in a time that depends on their lengths alone. Strings are compared as UTF-8.
 * Lengths are public here: all that is compared are digests and tags of a fixed length.
 */
export function constantTimeEqual(a: string | Uint8Array, b: string | Uint8Array): boolean {
  const left = typeof a === 'string' ? Buffer.from(a, 'utf8') : a;
  const right = typeof b === 'string' ? Buffer.from(b, 'utf8') : b;
  return left.length === right.length && timingSafeEqual(left, right);
}
