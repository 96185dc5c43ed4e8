export { openVault } from './open-vault.ts';
export type { DataKeyState, DataKeyStats, NamespaceStats, VaultStats } from './stats.ts';
export type { AuthenticationLabel, OpenVaultOptions, Vault } from './vault.ts';
export type { Damage, DamageKind, VerifyProgress, VerifyReport } from './verify.ts';
