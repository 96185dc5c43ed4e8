export { vaultCopyPaths } from './vault-copy-api.ts';
export { type VaultCopyRoutesOptions, vaultCopyRoutes } from './vault-copy-routes.ts';
export { createVaultCopyStore, type VaultCopyStore } from './vault-copy-store.ts';
