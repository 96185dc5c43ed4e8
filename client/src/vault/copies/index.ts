export type { CopyServer } from './copy-server.ts';
export { type PushOutcome, pushVault } from './push.ts';
