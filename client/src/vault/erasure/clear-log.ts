import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { Database } from '../database.ts';

const attempts = 5;
const zeros = Buffer.alloc(1024 * 1024);

/**
 * Brings the write-ahead log into the file, overwrites it with zeros and cuts it to nothing: a log that is merely cut
 * stays readable in the blocks that the file system takes back.
 *
 * @returns whether that was possible: not while another process reads an older state
 */
export function clearLog(db: Database, path: string): boolean {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const before = dataVersion(db);
    // From here on readers use the file alone, and the next writer begins the log anew.
    if (!checkpoint(db, 'RESTART')) return false;
    try {
      db.exec('BEGIN IMMEDIATE');
    } catch (error) {
      if (error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY')) continue;
      throw error;
    }
    try {
      // A writer that came in between has begun it already.
      if (dataVersion(db) !== before) continue;
      overwrite(`${path}-wal`);
    } finally {
      db.exec('ROLLBACK');
    }
    return checkpoint(db, 'TRUNCATE');
  }
  return false;
}

function checkpoint(db: Database, mode: 'RESTART' | 'TRUNCATE'): boolean {
  const [result] = db.pragma(`wal_checkpoint(${mode})`) as { busy: number }[];
  return result?.busy === 0;
}

/** Changes when another connection commits. */
function dataVersion(db: Database): number {
  return db.pragma('data_version', { simple: true }) as number;
}

function overwrite(path: string): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  // SQLite holds no lock on this file, so closing it gives none up.
  const file = openSync(path, 'r+');
  try {
    for (let at = 0; at < size; at += zeros.length) writeSync(file, zeros, 0, Math.min(zeros.length, size - at), at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
