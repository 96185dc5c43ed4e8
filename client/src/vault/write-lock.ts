import Sqlite from 'better-sqlite3';

const attemptMs = 120_000;
const pauseMs = 3;

/**
 * Runs a write, waiting while another process writes.
 *
 * SQLite's own waiting backs off to 100 ms, in which a writer that commits batch after batch would take the lock again
 * every time; a short, even pause gets in between two of its batches. Blocks the thread.
 */
export function withWriteLock<T>(write: () => T): T {
  const giveUpAt = Date.now() + attemptMs;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    try {
      return write();
    } catch (error) {
      const busy = error instanceof Sqlite.SqliteError && error.code.startsWith('SQLITE_BUSY');
      if (!busy || Date.now() > giveUpAt) throw error;
    }
    Atomics.wait(sleeper, 0, 0, pauseMs);
  }
}
