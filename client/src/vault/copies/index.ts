export type { CopyServer } from './copy-server.ts';
export { type PullOutcome, pullVault } from './pull.ts';
export { type PushOutcome, pushVault } from './push.ts';
