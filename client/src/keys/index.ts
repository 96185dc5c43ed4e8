export { generateMasterKeyText, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
export { writeKeyFile } from './key-file.ts';
export { type Environment, isKeyNamed, type KeySurroundings } from './key-surroundings.ts';
export { loadMasterKey, readKeyFileText } from './load-master-key.ts';
export { linesOfKeys } from './recipients-wrap.ts';
export { type SealingRequest, sealKey } from './seal-key.ts';
export { isSealedKeyText, parseSealedKey, type SealedKey, type WrapKind } from './sealed-key-file.ts';
