import type { Database } from '../database.ts';

/** Has SQLite overwrite with zeros what is deleted from here on. */
export function eraseWhatIsDeleted(db: Database): void {
  db.pragma('secure_delete = ON');
}

/**
 * Brings the write-ahead log into the file and cuts it to nothing, so that what was deleted stands in neither.
 *
 * @returns whether that was possible; another process that reads at the moment keeps the log, and whoever closes the
 *   vault last removes it
 */
export function emptyWriteAheadLog(db: Database): boolean {
  const [result] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  return result?.busy === 0;
}
