import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from 'node:crypto';
import { VaultError } from '../errors/index.ts';

export const nonceBytes = 12;
export const tagBytes = 16;

/** NIST SP 800-38D, 8.3: a key may seal at most 2^32 times with random nonces. */
export const maxEncryptionsPerKey = 2 ** 32;

/** What sealing gives. `sealed` is the ciphertext with the 16-byte tag at its end. */
export interface SealedBlob {
  readonly nonce: Uint8Array;
  readonly sealed: Uint8Array;
}

/**
 * AES-GCM (NIST SP 800-38D) with a random 96-bit nonce; AES-256 for the 32-byte keys that SDP makes.
 *
 * `aad` is what the ciphertext belongs to (build it with `lengthPrefixed`): opened in any other place, it doesn't open.
 * This function doesn't count; where a key seals without a natural bound use {@link SealingKey}.
 */
export function sealBlob(key: KeyObject, aad: Uint8Array, plaintext: Uint8Array): SealedBlob {
  return sealWithNonce(key, takeNonce(), aad, plaintext);
}

/** {@link sealBlob} with a given nonce. For published test vectors alone: a nonce used twice gives the key away. */
export function sealWithNonce(key: KeyObject, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): SealedBlob {
  const cipher = createCipheriv(cipherFor(key), key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  cipher.final();
  const sealed = Buffer.allocUnsafe(body.length + tagBytes);
  sealed.set(body, 0);
  sealed.set(cipher.getAuthTag(), body.length);
  return { nonce, sealed };
}

/** Where {@link sealBlobInto} writes. */
export interface SealedPlace {
  readonly bytes: Uint8Array;
  /** Of {@link nonceBytes} bytes. */
  readonly nonceAt: number;
  /** Of the ciphertext, as long as the plaintext, and {@link tagBytes} bytes more. */
  readonly sealedAt: number;
}

/** {@link sealBlob} into memory that is there already. */
export function sealBlobInto(
  key: KeyObject,
  aad: Uint8Array,
  plaintext: Uint8Array,
  { bytes, nonceAt, sealedAt }: SealedPlace,
): void {
  bytes.set(nextNonce(), nonceAt);
  const nonce = bytes.subarray(nonceAt, nonceAt + nonceBytes);
  const cipher = createCipheriv(cipherFor(key), key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(aad);
  bytes.set(cipher.update(plaintext), sealedAt);
  cipher.final();
  bytes.set(cipher.getAuthTag(), sealedAt + plaintext.length);
}

/**
 * Opens what {@link sealBlob} made.
 *
 * @returns `undefined` if key, nonce, associated data or a single bit of `sealed` isn't what it was; the caller knows
 *   what that means where it stands, and the type makes it say so
 */
export function openBlob(key: KeyObject, aad: Uint8Array, blob: SealedBlob): Buffer | undefined {
  if (blob.nonce.length !== nonceBytes || blob.sealed.length < tagBytes) return undefined;
  const end = blob.sealed.length - tagBytes;
  const decipher = createDecipheriv(cipherFor(key), key, blob.nonce, { authTagLength: tagBytes });
  decipher.setAAD(aad);
  decipher.setAuthTag(blob.sealed.subarray(end));
  const plaintext = decipher.update(blob.sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/** Seals a key under another; see {@link sealBlob}. */
export function wrapKey(wrappingKey: KeyObject, aad: Uint8Array, key: KeyObject): SealedBlob {
  return sealBlob(wrappingKey, aad, key.export());
}

/** @returns the key, or `undefined` if it doesn't open */
export function unwrapKey(wrappingKey: KeyObject, aad: Uint8Array, blob: SealedBlob): KeyObject | undefined {
  const bytes = openBlob(wrappingKey, aad, blob);
  return bytes === undefined ? undefined : createSecretKey(bytes);
}

/** A key that counts what it seals and stops at its cap. The count is the caller's to keep across restarts. */
export class SealingKey {
  readonly #key: KeyObject;
  readonly #cap: number;
  #encryptions: number;

  /**
   * @param encryptions how often the key has sealed before
   * @param cap at most {@link maxEncryptionsPerKey}
   */
  constructor(key: KeyObject, encryptions = 0, cap = maxEncryptionsPerKey) {
    if (cap > maxEncryptionsPerKey) throw new RangeError('The cap is above what AES-GCM allows a key.');
    this.#key = key;
    this.#cap = cap;
    this.#encryptions = encryptions;
  }

  /** How often the key has sealed, all in all. */
  get encryptions(): number {
    return this.#encryptions;
  }

  /** @throws {VaultError} `key-exhausted` when the key has reached its cap */
  seal(aad: Uint8Array, plaintext: Uint8Array): SealedBlob {
    if (this.#encryptions >= this.#cap) throw new VaultError('key-exhausted');
    this.#encryptions += 1;
    return sealBlob(this.#key, aad, plaintext);
  }

  /** Opening doesn't count. @returns `undefined` if it doesn't open */
  open(aad: Uint8Array, blob: SealedBlob): Buffer | undefined {
    return openBlob(this.#key, aad, blob);
  }
}

function cipherFor(key: KeyObject): 'aes-128-gcm' | 'aes-192-gcm' | 'aes-256-gcm' {
  switch (key.symmetricKeySize) {
    case 16:
      return 'aes-128-gcm';
    case 24:
      return 'aes-192-gcm';
    case 32:
      return 'aes-256-gcm';
    default:
      throw new RangeError('An AES key has 16, 24 or 32 bytes.');
  }
}

// Random bytes are drawn for many nonces at once: a draw costs more than sealing a short record.
const pool = Buffer.alloc(nonceBytes * 256);
let poolOffset = pool.length;

function takeNonce(): Buffer {
  return Buffer.from(nextNonce());
}

/** A view that the pool fills anew some time later: to be copied at once. */
function nextNonce(): Buffer {
  if (poolOffset === pool.length) {
    randomFillSync(pool);
    poolOffset = 0;
  }
  poolOffset += nonceBytes;
  return pool.subarray(poolOffset - nonceBytes, poolOffset);
}
