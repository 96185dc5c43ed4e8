import type { KeyObject } from 'node:crypto';
import { deriveKey, type EncodablePart, type KeyedDigest, keyedDigest, lengthPrefixed } from '@sdp/shared/crypto';
import { emptySet } from './state.ts';

/** What a set holds; each label has a key of its own. */
export type SetLabel =
  | 'vault-block-set-v1'
  | 'vault-tombstone-set-v1'
  | 'vault-day-set-v1'
  | 'vault-copy-entry-set-v1'
  | 'vault-copy-erasure-set-v1';

/**
 * A keyed digest of a set that takes members in and out without reading the others: the XOR of a HMAC-SHA-256 per
 * member (MSet-XOR-Hash; Clarke, Devadas, van Dijk, Gassend, Suh, ASIACRYPT 2003). Sound for sets, whose members are
 * distinct, and as long as the digest itself stays secret: it is only ever stored sealed.
 */
export class SetDigest {
  readonly #digest: KeyedDigest;
  readonly #sum: Buffer;

  constructor(key: KeyObject, label: SetLabel, sumHex = emptySet) {
    this.#digest = keyedDigest(deriveKey(key, label), `sdp-${label}`);
    this.#sum = Buffer.from(sumHex, 'hex');
  }

  /** Takes a member in, or, if it is in already, out. */
  toggle(...member: readonly EncodablePart[]): void {
    const digest = Buffer.from(this.#digest(lengthPrefixed(...member)), 'hex');
    for (let i = 0; i < digest.length; i++) this.#sum[i] = (this.#sum[i] ?? 0) ^ (digest[i] ?? 0);
  }

  /** Puts the sum back to one that was read from the state. */
  reset(sumHex: string): void {
    this.#sum.set(Buffer.from(sumHex, 'hex'));
  }

  toHex(): string {
    return this.#sum.toString('hex');
  }
}
