import type { KeyObject } from 'node:crypto';
import { deriveKey, type KeyedDigest, keyedDigest } from '@sdp/shared/crypto';
import type { Keyring } from './keyring.ts';
import type { NamespaceKeys } from './vault.ts';

/**
 * The functions behind `Vault.keyed`. They come from the key of the irreversible method, since that one stays when the
 * tokens are changed: what a method made with a key alone can be undone afterwards as well.
 */
export function namespaceKeys(keys: Pick<Keyring, 'hash'>, namespace: string): NamespaceKeys {
  const digests = new Map<string, KeyedDigest>();
  const digestFor = (label: string): KeyedDigest => {
    const made = keyedDigest(deriveKey(keys.hash, 'keyed-v1'), 'sdp-keyed-v1', namespace, label);
    digests.set(label, made);
    return made;
  };
  let fpeKey: KeyObject | undefined;
  return {
    hash: (label, value) => (digests.get(label) ?? digestFor(label))(value),
    fpe: () => {
      fpeKey ??= deriveKey(keys.hash, 'fpe-v1', namespace);
      return fpeKey;
    },
  };
}
