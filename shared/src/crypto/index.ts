export { aesEcbEncryptor } from './aes-ecb.ts';
export { canonicalJson } from './canonical-json.ts';
export { constantTimeEqual } from './compare.ts';
export { deriveKey, hkdfSha256 } from './derive-key.ts';
export { hmacHex, type KeyedDigest, type KeyedPartsDigest, keyedDigest, keyedDigestOfParts } from './keyed-digest.ts';
export { type EncodablePart, lengthPrefixed } from './length-prefixed.ts';
export {
  generateMasterKeyText,
  isPublishedKey,
  keyFingerprint,
  type MasterKey,
  parseMasterKey,
  publishedKeys,
} from './master-key.ts';
export {
  CompactRange,
  type ConsistencyProof,
  emptyRoot,
  type InclusionProof,
  joinPeaks,
  leafHash,
  nodeHash,
  type OnSubtree,
  proveConsistency,
  proveInclusion,
  type ReadSubtrees,
  type Subtree,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle/index.ts';
export { generateKey, randomHex, randomId } from './random.ts';
export {
  maxEncryptionsPerKey,
  nonceBytes,
  openBlob,
  type SealedBlob,
  type SealedPlace,
  SealingKey,
  sealBlob,
  sealBlobInto,
  tagBytes,
  unwrapKey,
  wrapKey,
} from './seal.ts';
