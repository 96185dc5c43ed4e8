import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { outputFileError } from '../../files/index.ts';
import { openDatabase } from '../database.ts';
import { withVaultErrors } from '../sqlite-errors.ts';

const suffixes = ['', '-wal', '-shm', '-journal'];

/** A vault file that is made beside its final place and gets its name once it is whole and on the disk. */
export class TemporaryVault {
  readonly path: string;
  readonly #target: string;

  /** @throws {InputError} `output-unwritable` */
  constructor(target: string) {
    this.#target = target;
    this.path = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString('hex')}.sdp-tmp`);
    try {
      // Made beforehand, so that no other user may read it at any time.
      closeSync(openSync(this.path, 'wx', 0o600));
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
      // Windows can't open a folder; there the rename itself is journaled.
      if (process.platform !== 'win32') sync(dirname(this.#target), 'r');
    } catch (error) {
      throw outputFileError(error, this.#target);
    }
  }

  /** Leaves nothing behind; does nothing once it is published. */
  discard(): void {
    for (const suffix of suffixes) rmSync(this.path + suffix, { force: true });
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
