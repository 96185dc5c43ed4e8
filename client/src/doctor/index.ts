export { type Check, type CheckStatus, failOf, skipped } from './check.ts';
export { checkKey } from './key-checks.ts';
export { checkMachine } from './machine-checks.ts';
export { checkServerSide } from './server-checks.ts';
export { checkVault } from './vault-checks.ts';
