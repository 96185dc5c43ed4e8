export { type BackupKeys, createBackupKeys } from './backup-keys.ts';
export {
  type BackupSettings,
  type BackupWorker,
  backupGroup,
  startBackupWorker,
} from './backup-worker.ts';
export { readHeads } from './chain-store.ts';
export { type RestoredPartition, type RestoreReport, restoreBackup } from './restore/restore-backup.ts';
export type { BackupStore } from './store/backup-store.ts';
export { type BackupPlace, openBackupStore } from './store/open-store.ts';
export {
  type BackupFinding,
  type BackupReport,
  backupFindings,
  type CheckedPartition,
  verifyBackup,
} from './verify-backup.ts';
