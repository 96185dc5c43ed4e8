import { randomBytes } from 'node:crypto';
import { deriveKey, keyedDigest, lengthPrefixed, nonceBytes, openBlob, sealBlob } from '@sdp/shared/crypto';
import type { Keyring } from '../keyring.ts';

const saltBytes = 16;

/**
 * Seals what goes into a copy on a server, and opens it again. All keys come from the key of the irreversible method: it is
 * the same in all vaults made with one master key, and no command changes it.
 */
export class CopyKeys {
  readonly #keys: Pick<Keyring, 'hash'>;
  readonly #digest;
  readonly #opening = new Map<string, ReturnType<typeof deriveKey>>();

  constructor(keys: Pick<Keyring, 'hash'>) {
    this.#keys = keys;
    this.#digest = keyedDigest(deriveKey(keys.hash, 'vault-copy-namespace-v1'), 'sdp-vault-copy-namespace-v1');
  }

  /** 128 bits in hex, by which the server knows a namespace. */
  namespaceDigest(name: string): string {
    return this.#digest(name).slice(0, 32);
  }

  /**
   * A function that seals under a key of its own, so that no key ever seals more than what is sealed with one: a copy may
   * be pushed as often as one likes. `place` says what the bytes are; they open with the same place alone.
   */
  sealer(): (place: readonly (string | Uint8Array)[], plaintext: Uint8Array) => string {
    const salt = randomBytes(saltBytes);
    const key = this.#keyOf(salt.toString('hex'));
    return (place, plaintext) => {
      const { nonce, sealed } = sealBlob(key, aad(place), plaintext);
      return Buffer.concat([salt, nonce, sealed]).toString('base64url');
    };
  }

  /** @returns `undefined` if it was sealed with other keys, for another place, or changed since */
  open(place: readonly (string | Uint8Array)[], text: string): Buffer | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length < saltBytes + nonceBytes) return undefined;
    const salt = bytes.toString('hex', 0, saltBytes);
    let key = this.#opening.get(salt);
    if (key === undefined) {
      key = this.#keyOf(salt);
      // One a page, or few: what a server mixes up on purpose must not fill the memory.
      if (this.#opening.size >= 64) this.#opening.clear();
      this.#opening.set(salt, key);
    }
    const nonce = bytes.subarray(saltBytes, saltBytes + nonceBytes);
    return openBlob(key, aad(place), { nonce, sealed: bytes.subarray(saltBytes + nonceBytes) });
  }

  #keyOf(saltHex: string) {
    return deriveKey(this.#keys.hash, 'vault-copy-v1', saltHex);
  }
}

function aad(place: readonly (string | Uint8Array)[]): Uint8Array {
  return lengthPrefixed('sdp-vault-copy-v1', ...place);
}
