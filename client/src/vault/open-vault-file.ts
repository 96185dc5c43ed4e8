import type { MasterKey } from '@sdp/shared/crypto';
import { IntegrityError, VaultError } from '@sdp/shared/errors';
import {
  assertFileThere,
  assertVaultFile,
  type Database,
  hasExpectedSchema,
  isBlank,
  openDatabase,
  prepareForWriting,
  reserveFile,
  schemaVersionOf,
  upgradeTables,
} from './database.ts';
import { schemaVersion } from './format.ts';
import { createKeys, type Keyring, openKeys } from './keyring.ts';
import { withVaultErrors } from './sqlite-errors.ts';
import { StateStore } from './state.ts';
import { withWriteLock } from './write-lock.ts';

/** An open vault file with its keys; whoever opens it closes `db`. */
export interface VaultFile {
  readonly path: string;
  readonly db: Database;
  readonly keys: Keyring;
}

export interface OpenVaultFileOptions {
  readonly path: string;
  readonly masterKey: MasterKey;
  /** Makes the vault if there is none. */
  readonly create?: boolean;
  readonly readOnly?: boolean;
}

/**
 * Opens the file of a vault, or makes it, and checks its description of itself.
 *
 * @throws {VaultError} `vault-not-found`, `vault-not-a-vault`, `vault-wrong-key`, `vault-unusable`
 * @throws {IntegrityError} `vault-tampered`
 */
export function openVaultFile(options: OpenVaultFileOptions): VaultFile {
  const { path, masterKey, readOnly = false } = options;
  const create = (options.create ?? false) && !readOnly;
  if (create) reserveFile(path);
  assertFileThere(path);
  const db = openDatabase(path, { readOnly });
  try {
    return withVaultErrors(() => {
      if (isBlank(db)) {
        if (!create) throw stillBlank(path);
        initialize(db, masterKey);
      }
      assertVaultFile(db);
      if (!readOnly) withWriteLock(() => prepareForWriting(db));
      const openChecked = db.transaction(() => {
        if (!hasExpectedSchema(db)) {
          throw new IntegrityError('vault-tampered', { message: 'The vault’s tables were changed' });
        }
        return openKeys(db, masterKey);
      });
      const keys = openChecked();
      if (!readOnly && schemaVersionOf(db) < schemaVersion) upgrade(db, openChecked);
      return { path, db, keys };
    });
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What a run leaves that is killed while it makes the vault; the next one that tokenizes makes it anew. */
function stillBlank(path: string): VaultError {
  return new VaultError('vault-not-a-vault', {
    message: 'The vault is blank: the run that made it was stopped before anything was in it',
    remedy: 'Tokenize into it, or remove the file.',
    details: { file: path },
  });
}

/** Two processes may get here at once: the second finds the work done. */
function initialize(db: Database, masterKey: MasterKey): void {
  withWriteLock(() => prepareForWriting(db));
  const createUnlessThere = db.transaction(() => {
    if (isBlank(db)) createKeys(db, masterKey);
  });
  withWriteLock(() => createUnlessThere.immediate());
}

/** One transaction: a crash leaves the old version or the new one. Two processes may get here at once. */
function upgrade(db: Database, openChecked: () => Keyring): void {
  const upgradeUnlessDone = db.transaction(() => {
    if (schemaVersionOf(db) === schemaVersion) return;
    const { vaultId, state } = openChecked();
    const states = new StateStore(db, vaultId, state);
    const upgraded = states.read();
    upgradeTables(db);
    states.write(upgraded);
  });
  withWriteLock(() => upgradeUnlessDone.immediate());
}
