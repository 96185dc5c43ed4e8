export { generateMasterKeyText, type MasterKey } from '@sdp/shared/crypto';
export { type Environment, loadMasterKey } from './load-master-key.ts';
