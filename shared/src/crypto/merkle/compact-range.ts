import { emptyRoot, nodeHash } from './merkle-hash.ts';
import { subtreesOf } from './subtrees.ts';

/** Called for each subtree that an append completes: `hash` is the root of leaves `index * 2^level` up to the next such. */
export type OnSubtree = (level: number, index: number, hash: Buffer) => void;

/**
 * The right edge of a growing Merkle tree (RFC 9162, 2.1): the roots of its complete subtrees, largest first. At most 53 hashes
 * whatever the size, and an append costs one hash on average.
 */
export class CompactRange {
  #size: number;
  readonly #peaks: Buffer[];

  /**
   * @param size number of leaves so far
   * @param peaks their subtrees' roots, as `subtreesOf(0, size)` names them
   * @throws {RangeError} when their number isn't what the size demands
   */
  constructor(size = 0, peaks: readonly Buffer[] = []) {
    if (subtreesOf(0, size).length !== peaks.length) throw new RangeError('The peaks do not fit the size.');
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  get peaks(): readonly Buffer[] {
    return this.#peaks;
  }

  append(leaf: Buffer, onSubtree?: OnSubtree): void {
    let hash = leaf;
    let index = this.#size;
    onSubtree?.(0, index, hash);
    for (let level = 1; index % 2 === 1; level++) {
      index = (index - 1) / 2;
      hash = nodeHash(this.#peaks.pop() as Buffer, hash);
      onSubtree?.(level, index, hash);
    }
    this.#peaks.push(hash);
    this.#size++;
  }

  root(): Buffer {
    return joinPeaks(this.#peaks);
  }
}

/** Root of the tree, or of a part of it, whose complete subtrees have these roots, from left to right. */
export function joinPeaks(peaks: readonly Buffer[]): Buffer {
  let root: Buffer | undefined;
  for (let i = peaks.length - 1; i >= 0; i--) {
    const peak = peaks[i] as Buffer;
    root = root === undefined ? peak : nodeHash(peak, root);
  }
  return root ?? emptyRoot;
}
