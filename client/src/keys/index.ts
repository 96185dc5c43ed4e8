export { generateMasterKeyText, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
export { linesOfKeys } from './age-identities.ts';
export { writeKeyFile } from './key-file.ts';
export { type Environment, isKeyNamed, type KeySurroundings } from './key-surroundings.ts';
export { loadMasterKey, waysIntoKeyFile } from './load-master-key.ts';
export { type SealingRequest, sealKey } from './seal-key.ts';
export type { SealedKey, WrapKind } from './sealed-key-file.ts';
export { readSecretFile } from './secret-file.ts';
