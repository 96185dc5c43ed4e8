import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { UnavailableError } from '@sdp/shared/errors';

/** Held by the one process that runs the embedded database of a data folder. */
export interface OwnerLock {
  release(): void;
}

interface Owner {
  readonly pid: number;
  /** Tells the process from a later one with the same id; empty where the system doesn't say. */
  readonly incarnation: string;
}

/**
 * Takes the lock file, breaking one whose process is gone.
 *
 * @throws {UnavailableError} `database-unavailable` while another process holds it
 */
export function takeOwnerLock(path: string): OwnerLock {
  const mine = JSON.stringify({ pid: process.pid, incarnation: incarnationOf(process.pid) } satisfies Owner);
  for (let attempt = 0; attempt < 20; attempt++) {
    try {
      createWhole(path, mine);
      return { release: () => readOrEmpty(path) === mine && rmSync(path, { force: true }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const theirs = readOrEmpty(path);
    const owner = parseOwner(theirs);
    if (owner && isAlive(owner)) throw inUse(owner.pid);
    breakLock(path, theirs);
  }
  throw inUse();
}

/** A link appears with its content: nobody reads an empty lock and takes it for a dead one. */
function createWhole(path: string, content: string): void {
  const whole = `${path}.${randomUUID()}`;
  writeFileSync(whole, content, { mode: 0o600 });
  try {
    linkSync(whole, path);
  } finally {
    rmSync(whole);
  }
}

/** Renamed away first: of two that find the same dead owner, one must not remove the lock that the other has just made. */
function breakLock(path: string, expected: string): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  if (readOrEmpty(aside) !== expected) {
    try {
      linkSync(aside, path);
    } catch {
      // Taken meanwhile; the next attempt sees by whom.
    }
  }
  rmSync(aside, { force: true });
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Owner;
    return Number.isInteger(owner.pid) ? owner : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(owner: Owner): boolean {
  const incarnation = incarnationOf(owner.pid);
  if (owner.pid === process.pid && incarnation !== owner.incarnation) return false;
  if (incarnation !== '' && owner.incarnation !== '') return incarnation === owner.incarnation;
  return processExists(owner.pid);
}

export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Boot id and start time (field 22 of proc_pid_stat(5)): process ids start over with every boot and container. */
function incarnationOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // Ended, but not yet waited for by its parent.
    if (state === 'Z') return 'ended';
    const startTime = fields[18];
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}:${startTime}`;
  } catch {
    return '';
  }
}

function inUse(pid?: number): UnavailableError {
  return new UnavailableError('database-unavailable', {
    message: `The embedded database is in use by another SDP server${pid === undefined ? '' : ` (process ${pid})`}`,
    remedy: 'Stop that server, or give this one a data folder of its own with SDP_DATA_DIR.',
  });
}
