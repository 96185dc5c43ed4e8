export { openVaultFile, type VaultFile } from '../open-vault-file.ts';
export { type BackupDescription, backupVault } from './backup.ts';
export { importKeys } from './import-keys.ts';
export { type KeyBundle, openKeyBundle, sealKeyBundle } from './key-bundle.ts';
export type { LeakStep } from './leak-steps.ts';
export type { MaintenanceRun } from './maintenance-run.ts';
export { type RekeyOutcome, rekeyVault } from './rekey.ts';
export { type RetokenOutcome, type RetokenRequest, retokenVault } from './retoken.ts';
export { type RewrapOutcome, rewrapVault } from './rewrap.ts';
