export { generateMasterKeyText, type MasterKey } from '@sdp/shared/crypto';
export { writeKeyFile } from './key-file.ts';
export { type Environment, isKeyNamed, type KeySurroundings } from './key-surroundings.ts';
export { loadMasterKey } from './load-master-key.ts';
