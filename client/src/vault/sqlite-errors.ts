import { IntegrityError, SdpError, VaultError } from '@sdp/shared/errors';
import Sqlite from 'better-sqlite3';

/**
 * What a failure of SQLite means for the vault. SQLite's own messages name tables and files, never bound values, so
 * they may stay as the cause.
 */
export function vaultErrorFrom(error: unknown): unknown {
  if (error instanceof SdpError || !(error instanceof Sqlite.SqliteError)) return error;
  const code = error.code;
  if (code === 'SQLITE_NOTADB') return new VaultError('vault-not-a-vault', { cause: error });
  if (code.startsWith('SQLITE_CORRUPT')) {
    return new IntegrityError('vault-tampered', { message: 'The vault file is damaged', cause: error });
  }
  if (code === 'SQLITE_FULL') {
    return new VaultError('vault-unusable', {
      message: 'The disk is full, the vault cannot be written',
      remedy: 'Free some space and run the command again; what was committed before is intact.',
      cause: error,
    });
  }
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return new VaultError('vault-unusable', {
      message: 'Another process holds the vault for too long',
      remedy: 'Wait for it to finish, or stop it, and run the command again.',
      cause: error,
    });
  }
  if (/^SQLITE_(READONLY|CANTOPEN|PERM|IOERR|AUTH)/.test(code))
    return new VaultError('vault-unusable', { cause: error });
  // A table or column that isn't there, a value of another type: somebody changed the schema.
  return new IntegrityError('vault-tampered', { cause: error });
}

/** Runs `work`, with SQLite's failures turned into the vault's. */
export function withVaultErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw vaultErrorFrom(error);
  }
}
