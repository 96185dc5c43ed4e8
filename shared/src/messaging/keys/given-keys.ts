import { createSecretKey, type KeyObject } from 'node:crypto';
import { deriveKey, keyFingerprint } from '../../crypto/index.ts';
import type { KeyRingOptions } from './key-ring.ts';
import { invalidKey, type KeyState, messageKeyId } from './message-key.ts';

export interface GivenKeys {
  readonly party: string;
  /** `KAFKA_ENCRYPTION_KEY`: 64 hex digits; several separated by commas, the first is active, the others stay readable. */
  readonly encryptionKeys: string;
  /** `KAFKA_SIGNING_KEY`, likewise; for HMAC-SHA-256. */
  readonly signingKeys: string;
}

const hexKey = /^[0-9a-fA-F]{64}$/;

/**
 * Keys of a ring as they are given by environment variables.
 *
 * @throws {ConfigError} `message-key-invalid`, which never quotes what was given
 */
export function parseGivenKeys({ party, encryptionKeys, signingKeys }: GivenKeys): KeyRingOptions {
  const encryption = parseKeys('KAFKA_ENCRYPTION_KEY', encryptionKeys);
  const signing = parseKeys('KAFKA_SIGNING_KEY', signingKeys);
  const fingerprints = [...encryption, ...signing].map(keyFingerprint);
  if (new Set(fingerprints).size < fingerprints.length) {
    throw invalidKey('KAFKA_ENCRYPTION_KEY and KAFKA_SIGNING_KEY hold one key twice');
  }
  const stateOf = (i: number): KeyState => (i === 0 ? 'active' : 'readable');
  // The last is the oldest: contents keep their digests when a key is added in front.
  const oldest = signing.at(-1) as KeyObject;
  return {
    party,
    encryption: encryption.map((key, i) => ({ id: messageKeyId('e', key), key, state: stateOf(i) })),
    signing: signing.map((secret, i) => ({ id: messageKeyId('s', secret), secret, state: stateOf(i) })),
    digestKey: deriveKey(oldest, 'message-digest-v1'),
  };
}

function parseKeys(variable: string, text: string): KeyObject[] {
  return text.split(',').map((each) => {
    const digits = each.trim();
    if (!hexKey.test(digits)) throw invalidKey(`${variable} is not 32 bytes as 64 hex digits, or several of them`);
    return createSecretKey(Buffer.from(digits, 'hex'));
  });
}
