import { constantTimeEqual } from '../compare.ts';
import { nodeHash } from './merkle-hash.ts';

const half = (n: number) => Math.floor(n / 2);
const isOdd = (n: number) => n % 2 === 1;

/** That a leaf is in a tree. */
export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  readonly path: readonly Uint8Array[];
}

/** RFC 9162, 2.1.3.2. */
export function verifyInclusion({ index, size, path }: InclusionProof, leaf: Uint8Array, root: Uint8Array): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let fn = index;
  let sn = size - 1;
  let hash = leaf;
  for (const sibling of path) {
    if (sn === 0 || sibling.length !== 32) return false;
    if (isOdd(fn) || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && constantTimeEqual(hash, root);
}

/** That a tree only grew. */
export interface ConsistencyProof {
  readonly first: number;
  readonly second: number;
  readonly path: readonly Uint8Array[];
}

/** RFC 9162, 2.1.4.2. A tree without leaves says nothing, so that anything is consistent with it. */
export function verifyConsistency(
  { first, second, path }: ConsistencyProof,
  firstRoot: Uint8Array,
  secondRoot: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first < 0 || first > second) return false;
  if (first === second) return path.length === 0 && constantTimeEqual(firstRoot, secondRoot);
  if (first === 0) return path.length === 0;
  if (path.some(({ length }) => length !== 32)) return false;
  const hashes = isPowerOfTwo(first) ? [firstRoot, ...path] : [...path];
  let fn = first - 1;
  let sn = second - 1;
  while (isOdd(fn)) {
    fn = half(fn);
    sn = half(sn);
  }
  const [start, ...rest] = hashes;
  if (start === undefined) return false;
  let old = start;
  let grown = start;
  for (const hash of rest) {
    if (sn === 0) return false;
    if (isOdd(fn) || fn === sn) {
      old = nodeHash(hash, old);
      grown = nodeHash(hash, grown);
      while (!isOdd(fn) && fn !== 0) {
        fn = half(fn);
        sn = half(sn);
      }
    } else {
      grown = nodeHash(grown, hash);
    }
    fn = half(fn);
    sn = half(sn);
  }
  return sn === 0 && constantTimeEqual(old, firstRoot) && constantTimeEqual(grown, secondRoot);
}

function isPowerOfTwo(n: number): boolean {
  let power = 1;
  while (power < n) power *= 2;
  return power === n;
}
