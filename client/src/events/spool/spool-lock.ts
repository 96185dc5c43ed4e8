import { closeSync, openSync } from 'node:fs';
import { UnavailableError } from '@sdp/shared/errors';
import Sqlite from 'better-sqlite3';

/**
 * Keeps a spool to one process. The lock is that of an empty SQLite file: the system takes it from a process that dies,
 * which no lock file of our own could promise.
 *
 * @returns what gives the lock back
 * @throws {UnavailableError} `spool-busy`
 */
export function lockSpool(path: string, folder: string): () => void {
  // Made here, since SQLite would let others read it, and so hold its lock.
  closeSync(openSync(path, 'a', 0o600));
  const db = new Sqlite(path, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    db.close();
    const busy = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
    throw busy ? new UnavailableError('spool-busy', { details: { file: folder } }) : error;
  }
  return () => {
    db.exec('ROLLBACK');
    db.close();
  };
}
