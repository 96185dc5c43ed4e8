import { type KeyObject, sign, verify } from 'node:crypto';
import { hmacHex, maxEncryptionsPerKey } from '../../crypto/index.ts';
import { ConfigError } from '../../errors/index.ts';
import { isKeyId } from '../envelope/index.ts';

/** `active` seals and opens, `readable` opens, `retired` does neither and keeps its id from being given again. */
export type KeyState = 'active' | 'readable' | 'retired';

export interface EncryptionKey {
  readonly id: string;
  /** 32 bytes, AES-256. */
  readonly key: KeyObject;
  readonly state: KeyState;
}

/** A key of our own. Secret: HMAC-SHA-256, which whoever verifies can also make. Private: Ed25519, which only we can. */
export type SigningKey = { readonly id: string; readonly state: KeyState } & (
  | { readonly secret: KeyObject }
  | { readonly privateKey: KeyObject }
);

/** A key of somebody else's, by which we verify and never sign. */
export type VerificationKey = {
  readonly id: string;
  readonly party: string;
  readonly state: Exclude<KeyState, 'active'>;
} & ({ readonly secret: KeyObject } | { readonly publicKey: KeyObject });

/**
 * An id that goes with the key itself: a prefix, a dot and 64 bits of an HMAC under the key, which say nothing of a random
 * key. Two keys never get one id by mistake, and a wrong key shows as an unknown one.
 */
export function messageKeyId(prefix: string, key: KeyObject): string {
  return `${prefix}.${hmacHex(key, 'sdp-message-key-id-v1').slice(0, 16)}`;
}

/** @throws {ConfigError} `message-key-invalid` */
export function assertSecret(id: string, key: KeyObject): void {
  assertKeyId(id);
  if (key.type !== 'secret' || key.symmetricKeySize !== 32) throw invalidKey(`The key ${id} does not have 32 bytes`);
}

/** Also tries the key, so that one of another curve is found at the start. @throws {ConfigError} `message-key-invalid` */
export function assertEd25519(id: string, key: KeyObject, type: 'private' | 'public'): void {
  assertKeyId(id);
  if (key.type !== type || key.asymmetricKeyType !== 'ed25519') throw invalidKey(`The key ${id} is no Ed25519 key`);
  if (type === 'private' && sign(null, Buffer.alloc(1), key).length !== 64) throw invalidKey(`The key ${id} is unfit`);
  if (type === 'public') verify(null, Buffer.alloc(1), key, Buffer.alloc(64));
}

/** @throws {ConfigError} `message-key-invalid` */
export function assertCap(cap: number): void {
  if (!Number.isSafeInteger(cap) || cap < 1 || cap > maxEncryptionsPerKey) {
    throw invalidKey('The cap of encryptions is above what AES-GCM allows a key, or below 1');
  }
}

export function invalidKey(message: string): ConfigError {
  return new ConfigError('message-key-invalid', { message });
}

function assertKeyId(id: string): void {
  // Not quoted: somebody may have put the key itself there.
  if (!isKeyId(id)) throw invalidKey('A key id is not 1 to 64 letters, digits, dots, underscores and hyphens');
}
