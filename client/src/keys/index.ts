export { generateMasterKeyText, type MasterKey } from '@sdp/shared/crypto';
export { writeKeyFile } from './key-file.ts';
export { type Environment, loadMasterKey } from './load-master-key.ts';
