import { chmodSync, closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { abandonedAmong, outputFileError, temporaryFileFor } from '../../files/index.ts';
import { openDatabase } from '../database.ts';
import { withVaultErrors } from '../sqlite-errors.ts';

/** The file itself last: as long as it is there, what is left of it is found. */
const suffixes = ['-wal', '-shm', '-journal', ''];

/** What this process is making. */
const unpublished = new Set<string>();

/**
 * Removes copies of a vault that killed runs have left beside it: they hold what is erased or sealed anew in the vault.
 *
 * @param target the file that they were to become
 */
export function removeAbandonedCopies(target: string): void {
  for (const { path } of abandonedAmong(namesIn(dirname(target)), target, (each) => unpublished.has(each))) {
    removeVault(path);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removeVault(path: string): void {
  for (const suffix of suffixes) rmSync(path + suffix, { force: true });
}

/** A vault file that is made beside its final place and gets its name once it is whole and on the disk. */
export class TemporaryVault {
  readonly path: string;
  readonly #target: string;

  /** @throws {InputError} `output-unwritable` */
  constructor(target: string) {
    this.#target = target;
    this.path = temporaryFileFor(target).path;
    try {
      removeAbandonedCopies(target);
      // Made beforehand, so that no other user may read it at any time.
      closeSync(openSync(this.path, 'wx', 0o600));
      unpublished.add(this.path);
    } catch (error) {
      throw outputFileError(error, target);
    }
  }

  /**
   * Fills it with a copy of a vault as it stands at one moment, whoever writes meanwhile. Free pages, and what may still
   * stand in them, don't come along.
   *
   * @throws {VaultError} `vault-unusable`
   * @throws {IntegrityError} `vault-tampered` for a file whose structure is damaged
   */
  copyOf(path: string): void {
    const db = openDatabase(path, { readOnly: true });
    // The copy is another file: the vault itself is only read.
    db.pragma('query_only = OFF');
    try {
      withVaultErrors(() => db.prepare<[string]>('VACUUM INTO ?').run(this.path));
    } finally {
      db.close();
    }
  }

  /** Gives the file its name, replacing what was there. @throws {InputError} `output-unwritable` */
  publish(): void {
    try {
      chmodSync(this.path, 0o600);
      sync(this.path, 'r+');
      renameSync(this.path, this.#target);
      unpublished.delete(this.path);
      // Windows can't open a folder; there the rename itself is journaled.
      if (process.platform !== 'win32') sync(dirname(this.#target), 'r');
    } catch (error) {
      throw outputFileError(error, this.#target);
    }
  }

  /** Leaves nothing behind; does nothing once it is published. */
  discard(): void {
    removeVault(this.path);
    unpublished.delete(this.path);
  }
}

function sync(path: string, flags: string): void {
  const file = openSync(path, flags);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
