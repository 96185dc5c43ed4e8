import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, realpathSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Account } from './account.ts';

/** Where root keeps what another account must reach. Not a temporary folder: those are emptied by age. */
const sharedStateDir = '/var/lib/sdp';

/** Whether `account` may pass through `dir` and every folder above it. */
export function isTraversable(dir: string, account: Account | undefined): boolean {
  if (!account) return true;
  for (let current = realpathSync(dir); ; current = dirname(current)) {
    const { mode, uid, gid } = statSync(current);
    const execute = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) return false;
    if (current === dirname(current)) return true;
  }
}

/**
 * Makes the data folder: readable by the present user alone, and no more than passable for the account that PostgreSQL
 * runs as.
 */
export function makeDataDir(dataDir: string, account: Account | undefined): void {
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, account ? 0o711 : 0o700);
}

/**
 * Folder for the database's files: the data folder itself, or, where its parents are closed to the account (a clone
 * under `/root`), one under `/var/lib/sdp` that the link `files` in the data folder names.
 */
export function reachableDir(dataDir: string, account: Account | undefined): string {
  if (isTraversable(dataDir, account)) return realpathSync(dataDir);
  const link = join(dataDir, 'files');
  const known = linkTarget(link);
  if (known) return known;
  const dir = join(sharedStateDir, randomBytes(8).toString('hex'));
  mkdirSync(dir, { recursive: true, mode: 0o711 });
  rmSync(link, { force: true });
  symlinkSync(dir, link);
  return dir;
}

function linkTarget(link: string): string | undefined {
  try {
    return realpathSync(link);
  } catch {
    return undefined;
  }
}
