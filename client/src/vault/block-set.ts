import type { KeyObject } from 'node:crypto';
import { deriveKey, type KeyedDigest, keyedDigest, lengthPrefixed, tagBytes } from '@sdp/shared/crypto';

/**
 * A keyed digest of a set of blocks that takes members in and out without reading the others: the XOR of a
 * HMAC-SHA-256 per block over its id and its GCM tag (MSet-XOR-Hash; Clarke, Devadas, van Dijk, Gassend, Suh, ASIACRYPT
 * 2003). Sound for sets, whose members are distinct, and as long as the digest itself stays secret: it is only ever
 * stored sealed.
 */
export class BlockSet {
  readonly #digest: KeyedDigest;
  readonly #sum: Buffer;

  constructor(stateKey: KeyObject, sumHex = '00'.repeat(32)) {
    this.#digest = keyedDigest(deriveKey(stateKey, 'vault-block-set-v1'), 'sdp-vault-block-set-v1');
    this.#sum = Buffer.from(sumHex, 'hex');
  }

  /** Takes a block in, or, if it is in already, out. */
  toggle(blockId: number, sealed: Uint8Array): void {
    const tag = sealed.subarray(Math.max(0, sealed.length - tagBytes));
    const digest = Buffer.from(this.#digest(lengthPrefixed(blockId, tag)), 'hex');
    for (const [i, byte] of digest.entries()) this.#sum[i] = (this.#sum[i] ?? 0) ^ byte;
  }

  /** Puts the sum back to one that was read from the state. */
  reset(sumHex: string): void {
    this.#sum.set(Buffer.from(sumHex, 'hex'));
  }

  toHex(): string {
    return this.#sum.toString('hex');
  }
}
