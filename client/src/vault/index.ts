export type { DataKeyState, NamespaceKind } from './format.ts';
export { openVault } from './open-vault.ts';
export type { DataKeyStats, NamespaceStats, VaultStats } from './stats.ts';
export type {
  AuthenticationLabel,
  NamespaceKeys,
  NamespaceOptions,
  OpenVaultOptions,
  SurrogateCandidate,
  Vault,
} from './vault.ts';
export type { Damage, DamageKind, VerifyProgress, VerifyReport } from './verify-report.ts';
