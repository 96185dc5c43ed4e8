import { hash } from 'node:crypto';
import { digestBytes } from './envelope-format.ts';

/** Where a leaf stands and what leads from it to the root. Digests are 32 bytes as latin1 text, which is quick to compare. */
export interface MerklePath {
  readonly index: number;
  /** Leaves of the tree. */
  readonly count: number;
  /** Siblings from the leaf upwards. */
  readonly siblings: readonly string[];
}

const node = Buffer.alloc(1 + 2 * digestBytes);
node[0] = 1;

/** SHA-256 of 1 and both children (RFC 6962, 2.1). */
function nodeHash(left: string, right: string): string {
  node.write(left, 1, 'latin1');
  node.write(right, 1 + digestBytes, 'latin1');
  return hash('sha256', node, 'binary');
}

/**
 * Tree hash of RFC 6962, 2.1, over leaf hashes, with the path of each leaf. A last node without a sibling moves up as it is,
 * which gives the same tree as the RFC's split at the largest power of two.
 *
 * @param leaves at least one
 */
export function merkleTree(leaves: readonly string[]): { root: string; siblingsOf: (index: number) => string[] } {
  const levels: (readonly string[])[] = [leaves];
  for (let level = leaves; level.length > 1; levels.push(level)) {
    const above: string[] = [];
    for (let i = 0; i < level.length; i += 2) {
      const [left, right] = [level[i], level[i + 1]];
      if (left !== undefined) above.push(right === undefined ? left : nodeHash(left, right));
    }
    level = above;
  }
  const root = levels.at(-1)?.[0];
  if (root === undefined) throw new RangeError('A tree has at least one leaf.');
  const siblingsOf = (index: number) => {
    const siblings: string[] = [];
    for (let height = 0; height < levels.length; height++) {
      const sibling = levels[height]?.[(index >> height) ^ 1];
      if (sibling !== undefined) siblings.push(sibling);
    }
    return siblings;
  };
  return { root, siblingsOf };
}

/** Digests that the path of a leaf has; RFC 9162, 2.1.3.2, walked without hashing. */
export function pathLength(index: number, count: number): number {
  let length = 0;
  for (let at = index, last = count - 1; last > 0; at >>>= 1, last >>>= 1) {
    if (at < last || (at & 1) === 1) length++;
  }
  return length;
}

/**
 * The root to which a leaf's path leads (RFC 9162, 2.1.3.2).
 *
 * @returns `undefined` if the path has another length than such a leaf's
 */
export function rootOfPath(leaf: string, { index, count, siblings }: MerklePath): string | undefined {
  if (index >= count || siblings.length !== pathLength(index, count)) return undefined;
  let digest = leaf;
  let next = 0;
  for (let at = index, last = count - 1; last > 0; at >>>= 1, last >>>= 1) {
    const isRight = (at & 1) === 1;
    if (!isRight && at === last) continue;
    const sibling = siblings[next++];
    if (sibling === undefined) return undefined;
    digest = isRight ? nodeHash(sibling, digest) : nodeHash(digest, sibling);
  }
  return digest;
}

/** A tree whose root is known to be good, with those of its nodes that were met on paths to it. */
export interface KnownTree {
  readonly root: string;
  /** Digests by {@link placeOf}. */
  readonly nodes: Map<number, string>;
}

/** Of a node among those of a tree with at most 65,536 leaves. */
function placeOf(height: number, at: number): number {
  return height * 0x1_0000 + at;
}

/**
 * Whether a leaf's path leads to the root. Where it meets a node that another path has led through, what lies above is the
 * same and is compared instead of hashed: each node of a tree is hashed once, not once for each leaf. All of the path counts,
 * so that there is one way to write a message.
 */
export function leadsToRoot(leaf: string, path: MerklePath, tree: KnownTree): boolean {
  const { index, count, siblings } = path;
  if (index >= count || siblings.length !== pathLength(index, count)) return false;
  const met: [place: number, digest: string][] = [];
  let digest = leaf;
  let next = 0;
  for (let at = index, last = count - 1, height = 0; last > 0; at >>>= 1, last >>>= 1, height++) {
    const known = tree.nodes.get(placeOf(height, at));
    if (known !== undefined) {
      if (known !== digest || !isRestKnown(path, tree, height, next)) return false;
      for (const [place, each] of met) tree.nodes.set(place, each);
      return true;
    }
    met.push([placeOf(height, at), digest]);
    const isRight = (at & 1) === 1;
    if (!isRight && at === last) continue;
    const sibling = siblings[next++];
    if (sibling === undefined) return false;
    met.push([placeOf(height, at ^ 1), sibling]);
    digest = isRight ? nodeHash(sibling, digest) : nodeHash(digest, sibling);
  }
  if (digest !== tree.root) return false;
  for (const [place, each] of met) tree.nodes.set(place, each);
  return true;
}

/** Siblings above a known node are known as well: that node was kept with all of its path. */
function isRestKnown({ index, count, siblings }: MerklePath, tree: KnownTree, from: number, first: number): boolean {
  let next = first;
  for (
    let height = from, at = index >>> from, last = (count - 1) >>> from;
    last > 0;
    at >>>= 1, last >>>= 1, height++
  ) {
    if ((at & 1) === 0 && at === last) continue;
    if (tree.nodes.get(placeOf(height, at ^ 1)) !== siblings[next++]) return false;
  }
  return true;
}
