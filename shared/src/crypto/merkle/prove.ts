import { joinPeaks } from './compact-range.ts';
import { consistencyRanges, inclusionRanges, type LeafRange, type Subtree, subtreesOf } from './subtrees.ts';
import type { ConsistencyProof, InclusionProof } from './verify-proofs.ts';

/** Gives the roots of complete subtrees, in the order asked for. */
export type ReadSubtrees = (subtrees: readonly Subtree[]) => Promise<readonly Buffer[]>;

/** @throws {RangeError} when there is no such leaf */
export async function proveInclusion(read: ReadSubtrees, index: number, size: number): Promise<InclusionProof> {
  return { index, size, path: await rootsOf(read, inclusionRanges(index, size)) };
}

/** @throws {RangeError} unless 0 < first ≤ second */
export async function proveConsistency(read: ReadSubtrees, first: number, second: number): Promise<ConsistencyProof> {
  return { first, second, path: await rootsOf(read, consistencyRanges(first, second)) };
}

/** All subtrees are asked for at once. */
async function rootsOf(read: ReadSubtrees, ranges: readonly LeafRange[]): Promise<Buffer[]> {
  const parts = ranges.map(({ begin, end }) => subtreesOf(begin, end));
  const hashes = await read(parts.flat());
  let at = 0;
  return parts.map((subtrees) => {
    const peaks = hashes.slice(at, at + subtrees.length);
    at += subtrees.length;
    return joinPeaks(peaks);
  });
}
