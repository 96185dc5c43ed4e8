import { createPrivateKey, type KeyObject } from 'node:crypto';
import { deriveKey } from '../../crypto/index.ts';
import type { KeyRingOptions } from './key-ring.ts';
import { invalidKey, type KeyState, messageKeyId } from './message-key.ts';

export interface DerivedKeysOptions {
  readonly party: string;
  /** Raise by one to rotate; 1 to begin with. */
  readonly generation: number;
  /** Generations from this one on stay readable; 1 where left out. */
  readonly oldestReadable?: number;
  /** HMAC between processes that hold one master key; Ed25519 where others are to verify and not to sign. */
  readonly signature?: 'hmac-sha256' | 'ed25519';
}

/** DER that stands before the 32 bytes of a private key (RFC 8410, 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Keys of a ring derived from a master key by HKDF labels, so that all processes with one master key have the same ones and
 * none needs to be stored.
 *
 * @throws {ConfigError} `message-key-invalid` for generations that are no whole numbers from 1, or more than 1,000 of them
 */
export function deriveMessageKeys(master: KeyObject, options: DerivedKeysOptions): KeyRingOptions {
  const { party, generation, oldestReadable = 1, signature = 'hmac-sha256' } = options;
  const isFit = Number.isSafeInteger(generation) && Number.isSafeInteger(oldestReadable) && oldestReadable >= 1;
  if (!isFit || oldestReadable > generation || generation - oldestReadable >= 1_000) {
    throw invalidKey('The generations of the keys for messages are not valid');
  }
  const generations = Array.from({ length: generation - oldestReadable + 1 }, (_, i) => oldestReadable + i);
  const stateOf = (number: number): KeyState => (number === generation ? 'active' : 'readable');
  return {
    party,
    encryption: generations.map((number) => {
      const key = deriveKey(master, 'message-encryption-v1', String(number));
      return { id: messageKeyId(`e${number}`, key), key, state: stateOf(number) };
    }),
    signing: generations.map((number) => {
      const seed = deriveKey(master, `message-${signature}-v1`, String(number));
      const id = messageKeyId(`s${number}`, seed);
      const state = stateOf(number);
      return signature === 'ed25519' ? { id, state, privateKey: ed25519Key(seed) } : { id, state, secret: seed };
    }),
    digestKey: deriveKey(master, 'message-digest-v1'),
  };
}

function ed25519Key(seed: KeyObject): KeyObject {
  return createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed.export()]), format: 'der', type: 'pkcs8' });
}
