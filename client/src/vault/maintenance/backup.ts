import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError } from '@sdp/shared/errors';
import { openVault } from '../open-vault.ts';
import { openVaultFile } from '../open-vault-file.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import { changeState, readState } from './change-state.ts';
import type { MaintenanceRun } from './maintenance-run.ts';
import { TemporaryVault } from './temporary-vault.ts';

export interface BackupRequest {
  readonly vaultPath: string;
  readonly masterKey: MasterKey;
  readonly output: string;
}

/** What a backup says of itself, sealed with all the rest of its state. */
export interface BackupDescription {
  readonly vaultId: string;
  readonly madeAt: string;
  readonly entries: number;
  readonly blocks: number;
  /** Erasures that it knows of. */
  readonly tombstones: number;
}

/**
 * Writes a copy of the vault as it stands at one moment, while others may write, reads all of it back, and only then
 * gives it its name. It is as sealed as the vault, and opens with the master key of this moment.
 *
 * @throws {IntegrityError} `vault-tampered`: a vault that is damaged gives no backup
 * @throws {VaultError} `vault-unusable`, `vault-wrong-key`
 * @throws {InputError} `output-unwritable`
 */
export async function backupVault(request: BackupRequest, run: MaintenanceRun = {}): Promise<BackupDescription> {
  const { vaultPath, masterKey, output } = request;
  // Before anything is written: the key must be right.
  openVaultFile({ path: vaultPath, masterKey, readOnly: true }).db.close();
  const copy = new TemporaryVault(output);
  try {
    copy.copyOf(vaultPath);
    const description = describe(copy.path, masterKey);
    await assertWhole(copy.path, masterKey, run);
    copy.publish();
    return description;
  } catch (error) {
    throw vaultErrorFrom(error);
  } finally {
    copy.discard();
  }
}

/** Seals into the copy that it is one. */
function describe(path: string, masterKey: MasterKey): BackupDescription {
  const file = openVaultFile({ path, masterKey });
  try {
    // A backup is one file: whatever it is copied with need not know of a write-ahead log.
    changeState(file, (state) => {
      state.backupMadeAt = new Date().toISOString();
    });
    file.db.pragma('journal_mode = DELETE');
    return descriptionOf(file);
  } finally {
    file.db.close();
  }
}

/** @throws {IntegrityError} `vault-tampered` if anything in the file isn't as it was committed */
export async function assertWhole(path: string, masterKey: MasterKey, run: MaintenanceRun): Promise<void> {
  const vault = await openVault({ path, masterKey, readOnly: true });
  try {
    const report = await vault.verify(
      ({ blocksRead, blocksTotal }) => run.onProgress?.(blocksRead, blocksTotal),
      run.signal,
    );
    if (report.ok) return;
    throw new IntegrityError('vault-tampered', {
      message: `${report.damageCount} places of the vault are damaged`,
      details: { count: report.damageCount },
    });
  } finally {
    await vault.close();
  }
}

/** What an open backup says of itself; for a vault that is no backup the time is empty. */
export function descriptionOf(file: Parameters<typeof readState>[0]): BackupDescription {
  const state = readState(file);
  const sum = (count: (namespace: (typeof state.namespaces)[number]) => number) =>
    state.namespaces.reduce((total, namespace) => total + count(namespace), 0);
  return {
    vaultId: file.keys.vaultId,
    madeAt: state.backupMadeAt ?? '',
    entries: sum(({ entries }) => entries),
    blocks: sum(({ blocks }) => blocks),
    tombstones: state.tombstones.count,
  };
}
