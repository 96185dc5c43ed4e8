import type { KeyObject } from 'node:crypto';
import { tagBytes } from '@sdp/shared/crypto';
import { SetDigest } from './set-digest.ts';

/** The {@link SetDigest} of all blocks; of each its id and its GCM tag. */
export class BlockSet {
  readonly #set: SetDigest;

  constructor(stateKey: KeyObject, sumHex?: string) {
    this.#set = new SetDigest(stateKey, 'vault-block-set-v1', sumHex);
  }

  /** Takes a block in, or, if it is in already, out. */
  toggle(blockId: number, sealed: Uint8Array): void {
    this.#set.toggle(blockId, sealed.subarray(Math.max(0, sealed.length - tagBytes)));
  }

  /** Puts the sum back to one that was read from the state. */
  reset(sumHex: string): void {
    this.#set.reset(sumHex);
  }

  toHex(): string {
    return this.#set.toHex();
  }
}
