export type { CopyServer } from './copy-server.ts';
export { pullVault } from './pull.ts';
export { type PushOutcome, pushVault } from './push.ts';
