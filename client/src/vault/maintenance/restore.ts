import { existsSync, renameSync } from 'node:fs';
import { type MasterKey, randomId } from '@sdp/shared/crypto';
import { SdpError, UsageError, VaultError } from '@sdp/shared/errors';
import type { Database } from '../database.ts';
import { clearLeftovers } from '../erasure/clear-leftovers.ts';
import { tombstonesFit } from '../erasure/tombstones.ts';
import { openVaultFile, type VaultFile } from '../open-vault-file.ts';
import { vaultErrorFrom } from '../sqlite-errors.ts';
import type { VaultState } from '../state.ts';
import { withWriteLock } from '../write-lock.ts';
import { adoptTombstones } from './adopt-tombstones.ts';
import { assertWhole, type BackupDescription, descriptionOf } from './backup.ts';
import { changeState, readState } from './change-state.ts';
import type { MaintenanceRun } from './maintenance-run.ts';
import { inherit } from './merge.ts';
import { rewrapVault } from './rewrap.ts';
import { TemporaryVault } from './temporary-vault.ts';

/** How often the present vault is looked at anew because others write to it meanwhile. */
const attempts = 5;

export interface RestoreRequest {
  readonly input: string;
  /** The master key of the time of the backup. */
  readonly inputKey: MasterKey;
  readonly vaultPath: string;
  readonly masterKey: MasterKey;
  /** Goes on where entries are lost, or erasures can't be known. */
  readonly confirmed: boolean;
}

/**
 * What was found in the vault's place: `none`, a vault that is `usable`, or one that is `unusable`, so that nobody can say
 * what was erased in it since the backup.
 */
export type PresentVault = 'none' | 'usable' | 'unusable';

export interface RestoreOutcome {
  readonly backup: BackupDescription;
  readonly present: PresentVault;
  /** Entries of the present vault that the backup lacked. */
  readonly lost: number;
  /** Entries of the backup that had been erased since, and stay so. */
  readonly erased: number;
  /** Where an unusable vault was put. */
  readonly movedTo: string | undefined;
}

/**
 * Puts a backup in the place of the vault: a copy is read as a whole, obeys the erasures of the vault that is there, and
 * takes its place in one transaction, or by its name where there is none. Stopped before that it changes nothing.
 *
 * @throws {UsageError} `confirmation-needed`
 * @throws {IntegrityError} `vault-tampered` for a backup that isn't whole
 * @throws {VaultError} `vault-wrong-key`, `vault-not-a-vault`, `vault-unusable`
 */
export async function restoreVault(request: RestoreRequest, run: MaintenanceRun = {}): Promise<RestoreOutcome> {
  const { input, inputKey, vaultPath, masterKey } = request;
  // Before anything is written: the key must be right.
  openVaultFile({ path: input, masterKey: inputKey, readOnly: true }).db.close();
  const copy = new TemporaryVault(vaultPath);
  const opened: VaultFile[] = [];
  try {
    copy.copyOf(input);
    await assertWhole(copy.path, inputKey, run);
    rewrapTo(copy.path, inputKey, masterKey);
    const present = openPresent(vaultPath, masterKey);
    if (typeof present !== 'string') opened.push(present);
    const backup = described(copy.path, masterKey);
    let erased = 0;
    for (let attempt = 1; ; attempt++) {
      const seen = typeof present === 'string' ? undefined : sealedState(present.db);
      const prepared = prepare(copy.path, present, request);
      const { lost } = prepared;
      erased += prepared.erased;
      run.signal?.throwIfAborted();
      if (typeof present === 'string') {
        const movedTo = present === 'unusable' ? moveAside(vaultPath) : undefined;
        copy.publish();
        return { backup, present, lost, erased, movedTo };
      }
      // What others have tokenized or erased since it was looked at must be counted and obeyed as well.
      if (replaceContent(present.db, copy.path, seen)) {
        present.db.close();
        clearLeftovers({ path: vaultPath, masterKey });
        return { backup, present: 'usable', lost, erased, movedTo: undefined };
      }
      if (attempt === attempts) {
        throw new VaultError('vault-unusable', {
          message: 'Other processes keep writing to the vault',
          remedy: 'Wait for them to finish, or stop them, and run the command again; nothing was changed.',
        });
      }
    }
  } catch (error) {
    throw vaultErrorFrom(error);
  } finally {
    for (const { db } of opened) db.close();
    copy.discard();
  }
}

function described(path: string, masterKey: MasterKey): BackupDescription {
  const file = openVaultFile({ path, masterKey, readOnly: true });
  try {
    return descriptionOf(file);
  } finally {
    file.db.close();
  }
}

/** Brings the copy to what it will be in the place of the present vault. Done again, it takes up what is new there. */
function prepare(
  path: string,
  present: VaultFile | 'none' | 'unusable',
  { masterKey, confirmed }: RestoreRequest,
): Pick<RestoreOutcome, 'lost' | 'erased'> {
  const restored = openVaultFile({ path, masterKey });
  try {
    const lost = typeof present === 'string' ? 0 : entriesLacking(present, restored);
    if (!confirmed) assertNothingLost(present, lost);
    const erased = changeState(restored, (state) => {
      delete state.backupMadeAt;
      if (typeof present === 'string') return 0;
      state.epoch = lost > 0 ? randomId() : readState(present).epoch;
      return obey(restored, state, present);
    });
    restored.db.pragma('journal_mode = DELETE');
    return { lost, erased };
  } finally {
    restored.db.close();
  }
}

/** A copy that opens with an earlier master key gets the present one. */
function rewrapTo(path: string, inputKey: MasterKey, masterKey: MasterKey): void {
  if (inputKey.equals(masterKey)) return;
  const file = openVaultFile({ path, masterKey: inputKey });
  try {
    rewrapVault(file, { newMaster: masterKey });
  } finally {
    file.db.close();
  }
}

function openPresent(path: string, masterKey: MasterKey): VaultFile | 'none' | 'unusable' {
  if (!existsSync(path)) return 'none';
  let file: VaultFile | undefined;
  try {
    file = openVaultFile({ path, masterKey });
    if (tombstonesFit(file.db, file.keys, readState(file))) return file;
  } catch (error) {
    const known = vaultErrorFrom(error);
    // A disk that is full, or a vault that another process holds, is no reason to put it aside.
    if (!(known instanceof SdpError) || known.code === 'vault-unusable') throw known;
  }
  file?.db.close();
  return 'unusable';
}

function entriesLacking(present: VaultFile, restored: VaultFile): number {
  const has = restored.db.prepare<[number, Uint8Array]>(
    'SELECT 1 FROM token_vault WHERE namespace_id = ? AND token = ?',
  );
  const tokens = present.db.prepare<[number], Buffer>('SELECT token FROM token_vault WHERE namespace_id = ?').pluck();
  const ids = new Map(readState(restored).namespaces.map(({ id, name }) => [name, id]));
  let lacking = 0;
  for (const { id, name, entries } of readState(present).namespaces) {
    const restoredId = ids.get(name);
    if (restoredId === undefined) lacking += entries;
    else for (const token of tokens.iterate(id)) if (has.get(restoredId, token) === undefined) lacking += 1;
  }
  return lacking;
}

function assertNothingLost(present: VaultFile | 'none' | 'unusable', lost: number): void {
  if (present === 'unusable') {
    throw new UsageError('confirmation-needed', {
      message:
        'The present vault cannot be read, so what was erased in it since the backup cannot be known and comes back',
      remedy: 'Forget those values again afterwards. To go on, add --yes; the present files are put aside.',
    });
  }
  if (lost > 0) {
    throw new UsageError('confirmation-needed', {
      message: `The present vault holds ${lost} entries that the backup lacks, which would be lost`,
      remedy: '`sdp vault merge --from BACKUP` keeps both. To lose them, add --yes.',
      details: { count: lost },
    });
  }
}

/** @returns how many entries of the restored vault were erased */
function obey(restored: VaultFile, state: VaultState, present: VaultFile): number {
  const current = readState(present);
  inherit(state, current);
  // Its data and token keys were wrapped under a key that others know.
  const under = state.masterFingerprints.filter((fingerprint) => state.leaked?.includes(fingerprint));
  if (under.length > 0 && state.keys.some((key) => !current.keys.some(({ id }) => id === key.id))) {
    state.leak = { since: new Date().toISOString(), pending: ['rekey', 'retoken'] };
  }
  return adoptTombstones(restored, state, present, current).erased;
}

const tables = ['vault_meta', 'data_key', 'namespace', 'token_vault', 'vault_block', 'tombstone'];

/**
 * One transaction: whoever uses the vault at the moment sees the one or the other.
 *
 * @returns `false`, and nothing is changed, if another process has committed since the vault's state was `seen`
 */
function replaceContent(db: Database, path: string, seen: Buffer | undefined): boolean {
  db.pragma('secure_delete = ON');
  db.prepare<[string]>('ATTACH DATABASE ? AS restored').run(path);
  const replace = db.transaction(() => {
    if (seen === undefined || sealedState(db)?.equals(seen) !== true) return false;
    for (const table of tables) {
      db.exec(`DELETE FROM main.${table}`);
      db.exec(`INSERT INTO main.${table} SELECT * FROM restored.${table}`);
    }
    return true;
  });
  const replaced = withWriteLock(() => replace.immediate());
  db.exec('DETACH DATABASE restored');
  return replaced;
}

/** Another one after every commit. */
function sealedState(db: Database): Buffer | undefined {
  return db.prepare<[], Buffer>(`SELECT value FROM vault_meta WHERE name = 'state'`).pluck().get();
}

function moveAside(path: string): string {
  const movedTo = `${path}.damaged-${new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')}`;
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(path + suffix)) renameSync(path + suffix, movedTo + suffix);
  }
  return movedTo;
}
