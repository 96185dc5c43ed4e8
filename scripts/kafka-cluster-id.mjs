import { randomBytes } from 'node:crypto';

/**
 * A new id for a Kafka cluster: 16 bytes in base64url. One in 64 would begin with `-`, which Kafka's storage tool takes
 * for an option; with the first bit clear the first character is a letter.
 *
 * @returns {string}
 */
export function clusterId() {
  const bytes = randomBytes(16);
  bytes[0] &= 0x7f;
  return bytes.toString('base64url');
}
