import { closeSync, openSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import type { LogPlace } from './log-place.ts';

const waitMs = 30_000;

/**
 * Runs `work` while no other process does the same for this log. The lock is that of an empty SQLite file: the system
 * takes it from a process that dies, which no lock file of our own could promise.
 */
export function withLogLock<T>({ logPath, mode }: Pick<LogPlace, 'logPath' | 'mode'>, work: () => T): T {
  // Made here, since SQLite would let others read it, and so hold its lock.
  closeSync(openSync(`${logPath}.lock`, 'a', mode));
  const db = new Sqlite(`${logPath}.lock`, { timeout: waitMs });
  try {
    db.exec('BEGIN EXCLUSIVE');
    try {
      return work();
    } finally {
      db.exec('ROLLBACK');
    }
  } finally {
    db.close();
  }
}
