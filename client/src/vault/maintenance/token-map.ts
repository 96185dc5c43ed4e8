import { closeSync, fsyncSync, ftruncateSync, openSync, renameSync, statSync, writeSync } from 'node:fs';
import { InputError, UsageError } from '@sdp/shared/errors';
import { tokenFromDigest } from '@sdp/shared/tokenization';
import { outputFileError } from '../../files/index.ts';

const header = 'namespace,old_token,new_token\n';

/**
 * The file that says which token became which, as CSV, for its owner alone. It grows in step with the vault: what is in
 * it up to a place that the vault knows is certain, and what a crash left behind that place is cut off.
 */
export class TokenMap {
  readonly #path: string;
  readonly #partialPath: string;
  readonly #file: number;
  #bytes: number;
  #waiting = '';

  private constructor(path: string, partialPath: string, file: number, bytes: number) {
    this.#path = path;
    this.#partialPath = partialPath;
    this.#file = file;
    this.#bytes = bytes;
  }

  /**
   * @param certainBytes what the vault knows of a map that was begun; 0 for a new one
   * @throws {InputError} `output-unwritable`, `file-exists`, `file-not-found` if the map that was begun is gone
   */
  static open(path: string, certainBytes: number): TokenMap {
    if (certainBytes === 0 && isThere(path)) {
      throw new InputError('file-exists', {
        message: 'The file for the map is there already',
        details: { file: path },
      });
    }
    const partialPath = `${path}.partial`;
    try {
      // A run that was killed between giving the file its name and telling the vault.
      if (certainBytes > 0 && !isThere(partialPath) && isThere(path)) renameSync(path, partialPath);
      const file = openSync(partialPath, certainBytes === 0 ? 'w' : 'r+', 0o600);
      const map = new TokenMap(path, partialPath, file, certainBytes);
      const size = statSync(partialPath).size;
      if (size < certainBytes) {
        closeSync(file);
        throw new UsageError('usage-invalid', {
          message: 'The map that was begun is not complete any more',
          details: { file: partialPath },
        });
      }
      ftruncateSync(file, certainBytes);
      if (certainBytes === 0) map.#waiting = header;
      return map;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && certainBytes > 0) {
        throw new InputError('file-not-found', {
          message: 'The map that was begun is not there',
          remedy: 'Name the file that the interrupted run was to write: --map.',
          details: { file: partialPath },
        });
      }
      throw error instanceof UsageError ? error : outputFileError(error, path);
    }
  }

  /** @param oldToken 16 bytes each */
  add(namespace: string, oldToken: Uint8Array, newToken: Uint8Array): void {
    const text = (token: Uint8Array) => tokenFromDigest(Buffer.from(token).toString('hex'));
    const name = /[",\r\n]/.test(namespace) ? `"${namespace.replaceAll('"', '""')}"` : namespace;
    this.#waiting += `${name},${text(oldToken)},${text(newToken)}\n`;
  }

  /** Brings what was added to the disk. @returns how many bytes are certain now */
  sync(): number {
    try {
      const bytes = Buffer.from(this.#waiting, 'utf8');
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at, bytes.length - at, this.#bytes + at);
      fsyncSync(this.#file);
      this.#bytes += bytes.length;
      this.#waiting = '';
      return this.#bytes;
    } catch (error) {
      throw outputFileError(error, this.#path);
    }
  }

  /** Gives the file its name. */
  publish(): void {
    this.sync();
    renameSync(this.#partialPath, this.#path);
  }

  close(): void {
    closeSync(this.#file);
  }
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
