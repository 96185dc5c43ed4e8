export { CompactRange, joinPeaks, type OnSubtree } from './compact-range.ts';
export { emptyRoot, leafHash, nodeHash } from './merkle-hash.ts';
export { proveConsistency, proveInclusion, type ReadSubtrees } from './prove.ts';
export { consistencyRanges, inclusionRanges, type LeafRange, type Subtree, subtreesOf } from './subtrees.ts';
export { type ConsistencyProof, type InclusionProof, verifyConsistency, verifyInclusion } from './verify-proofs.ts';
