import { type Database, openDatabase, prepareForWriting, schemaVersionOf } from './database.ts';
import { schemaVersion } from './format.ts';
import type { Keyring } from './keyring.ts';
import { withVaultErrors } from './sqlite-errors.ts';
import { type SealedAuditHead, StateStore } from './state.ts';
import { withWriteLock } from './write-lock.ts';

/** @throws {IntegrityError} `vault-tampered` */
export function readAuditHead(db: Database, keys: Keyring): SealedAuditHead | undefined {
  return withVaultErrors(() => new StateStore(db, keys.vaultId, keys.state, keys.ids.state).read().auditHead);
}

/**
 * Commits the head with the vault's state, over a connection of its own: the vault is open for reading alone as a rule.
 *
 * @returns whether it could be done; a vault that may not be written, or is of an older version, stays as it is
 */
export function sealAuditHead(path: string, keys: Keyring, head: SealedAuditHead): boolean {
  let db: Database | undefined;
  try {
    const connection = openDatabase(path);
    db = connection;
    if (schemaVersionOf(connection) !== schemaVersion) return false;
    const commit = connection.transaction(() => {
      const store = new StateStore(connection, keys.vaultId, keys.state, keys.ids.state);
      store.write({ ...store.read(), auditHead: head });
    });
    withWriteLock(() => {
      prepareForWriting(connection);
      commit.immediate();
    });
    return true;
  } catch {
    // The head has a second place, which has been written: this one is allowed to lag behind.
    return false;
  } finally {
    db?.close();
  }
}
