import { unlinkSync } from 'node:fs';
import { type FileHandle, open, readdir, readlink, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { InputError, UsageError } from '@sdp/shared/errors';
import type { ByteSink } from '../csv/index.ts';
import { outputFileError } from './file-errors.ts';
import {
  type FoundTemporaryFile,
  type TemporaryFile,
  temporaryFileFor,
  temporaryFilesAmong,
} from './temporary-name.ts';

export interface AtomicFileOptions {
  /** Permissions of a new file, before the umask; a file that is replaced keeps its own. */
  readonly mode?: number;
  /** Identities ({@link fileIdentity}) of files that are still being read: writing over one of them is refused. */
  readonly mustNotBe?: readonly (string | undefined)[];
  /** The unfinished file of an earlier run to go on with, cut to its first `bytes` bytes. */
  readonly resume?: { readonly id: string; readonly bytes: number };
}

/** Device and inode of a file; `undefined` where there is none. */
export async function fileIdentity(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  return stats && `${stats.dev}:${stats.ino}`;
}

/** What a path leads to: links are followed, also to a file that isn't there yet. */
export async function linkTarget(path: string, linksLeft = 40): Promise<string> {
  const real = await realpath(path).catch(() => undefined);
  const link = real === undefined && linksLeft > 0 ? await readlink(path).catch(() => undefined) : undefined;
  return real ?? (link === undefined ? path : linkTarget(resolve(dirname(path), link), linksLeft - 1));
}

/** Unfinished files for a path, by whichever process; those of this one are at work until they are kept or discarded. */
export async function unfinishedFilesOf(path: string): Promise<FoundTemporaryFile[]> {
  const target = await linkTarget(path);
  const found = await unfinishedFilesIn(dirname(target));
  return found.filter(({ base }) => base === basename(target));
}

/** Unfinished files in a folder, whatever they are to become. */
export async function unfinishedFilesIn(folder: string): Promise<FoundTemporaryFile[]> {
  return temporaryFilesAmong(await readdir(folder).catch(() => []), folder, (path) => unpublished.has(path));
}

/** Removes what killed runs have left for a path. */
export async function sweepUnfinished(path: string): Promise<void> {
  for (const { path: left, isAbandoned } of await unfinishedFilesOf(path)) {
    if (isAbandoned) await unlink(left).catch(() => undefined);
  }
}

/**
 * A file that is either written whole or not at all. The bytes go to a temporary file in the same folder;
 * {@link publish} puts it in the place of the final one, replacing what was there, once the bytes are on the disk. A
 * crash before that leaves the old file, or none, as it was (and, after a kill, the temporary file, which the next run for
 * the same path removes).
 *
 * Devices and pipes can't be replaced and are written to directly.
 */
export class AtomicFile implements ByteSink {
  readonly #path: string;
  readonly #temporaryPath: string | undefined;
  /** Of the temporary file, by which {@link AtomicFileOptions.resume} finds it; `undefined` for what can't be replaced. */
  readonly id: string | undefined;
  readonly #mode: number;
  #handle: FileHandle | undefined;
  #bytes: number;

  private constructor(path: string, temporary: TemporaryFile | undefined, mode: number, handle: FileHandle, bytes = 0) {
    this.#path = path;
    this.#temporaryPath = temporary?.path;
    this.id = temporary?.id;
    this.#mode = mode;
    this.#handle = handle;
    this.#bytes = bytes;
    if (temporary !== undefined) unpublished.add(temporary.path);
  }

  /**
   * @throws {InputError} `output-unwritable`; `checkpoint-unfit` when the file to go on with is not there
   * @throws {UsageError} `usage-invalid` for a path that is one of `mustNotBe`
   */
  static async create(path: string, options: AtomicFileOptions = {}): Promise<AtomicFile> {
    const { mode = 0o666, mustNotBe = [], resume } = options;
    try {
      // A link stays a link: what it points to is replaced.
      const target = await linkTarget(path);
      const old = await stat(target).catch(() => undefined);
      if (old && mustNotBe.includes(`${old.dev}:${old.ino}`)) {
        throw new UsageError('usage-invalid', {
          message: 'The output is a file that the command reads',
          remedy: 'Name another file as the output.',
          details: { file: path },
        });
      }
      if (old && !old.isFile()) return new AtomicFile(target, undefined, mode, await open(target, 'w'));
      const abandoned = (await unfinishedFilesOf(target)).filter(({ isAbandoned }) => isAbandoned);
      const others = abandoned.filter(({ id }) => id !== resume?.id);
      for (const { path: left } of others) await unlink(left).catch(() => undefined);
      const finalMode = old ? old.mode & 0o777 : mode & ~process.umask();
      const temporary = temporaryFileFor(target, resume?.id);
      if (resume !== undefined) {
        const left = abandoned.find(({ id }) => id === resume.id);
        if (left === undefined) {
          throw new InputError('checkpoint-unfit', { message: 'The unfinished output of the earlier run is gone' });
        }
        // From here on this process is its owner.
        await rename(left.path, temporary.path);
        const handle = await open(temporary.path, 'r+');
        await handle.truncate(resume.bytes);
        return new AtomicFile(target, temporary, finalMode, handle, resume.bytes);
      }
      // Closed to others while it is written; the final permissions come with the final name.
      const handle = await open(temporary.path, 'wx', 0o600);
      return new AtomicFile(target, temporary, finalMode, handle);
    } catch (error) {
      throw error instanceof UsageError || error instanceof InputError ? error : outputFileError(error, path);
    }
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  async write(chunk: Uint8Array): Promise<void> {
    try {
      const handle = this.#open();
      for (let offset = 0; offset < chunk.length; ) {
        const position = this.#temporaryPath === undefined ? null : this.#bytes + offset;
        const { bytesWritten } = await handle.write(chunk, offset, chunk.length - offset, position);
        offset += bytesWritten;
      }
      this.#bytes += chunk.length;
    } catch (error) {
      throw outputFileError(error, this.#path);
    }
  }

  /** Brings what was written so far to the disk. */
  async flush(): Promise<void> {
    try {
      await this.#open().datasync();
    } catch (error) {
      throw outputFileError(error, this.#path);
    }
  }

  /** All bytes so far, as they stand in the file. */
  async *written(): AsyncGenerator<Uint8Array> {
    const handle = this.#open();
    const chunk = Buffer.allocUnsafe(1 << 20);
    for (let at = 0; at < this.#bytes; ) {
      const { bytesRead } = await handle.read(chunk, 0, Math.min(chunk.length, this.#bytes - at), at);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
      at += bytesRead;
    }
  }

  /** Leaves the unfinished file for a later run. */
  async keep(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    if (this.#temporaryPath !== undefined) unpublished.delete(this.#temporaryPath);
  }

  /** Brings the bytes to the disk. After this only {@link publish} is left to do, which needs no more space. */
  async sync(): Promise<void> {
    try {
      const handle = this.#open();
      if (this.#temporaryPath !== undefined) {
        await handle.chmod(this.#mode);
        await handle.sync();
      }
      await handle.close();
      this.#handle = undefined;
    } catch (error) {
      throw outputFileError(error, this.#path);
    }
  }

  /** Gives the file its name. */
  async publish(): Promise<void> {
    if (this.#handle) await this.sync();
    if (this.#temporaryPath === undefined) return;
    try {
      await rename(this.#temporaryPath, this.#path);
      unpublished.delete(this.#temporaryPath);
      await syncFolder(dirname(this.#path));
    } catch (error) {
      throw outputFileError(error, this.#path);
    }
  }

  /** Leaves nothing behind; does nothing once the file is published. */
  async discard(): Promise<void> {
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
    if (this.#temporaryPath === undefined || !unpublished.delete(this.#temporaryPath)) return;
    await unlink(this.#temporaryPath).catch(() => undefined);
  }

  #open(): FileHandle {
    if (!this.#handle) throw new Error('the file is closed');
    return this.#handle;
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows can't open a folder; there the rename itself is journaled.
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

/** Temporary files of this process, removed as well when it ends without getting to `discard`. */
const unpublished = new Set<string>();
process.on('exit', () => {
  for (const path of unpublished) {
    try {
      unlinkSync(path);
    } catch {
      // Already gone, or out of reach: nothing else can be done while exiting.
    }
  }
});
