import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { UnavailableError } from '@sdp/shared/errors';
import type { BackupStore, StoredObject } from './backup-store.ts';

/** Between a file's real name and what makes an unfinished one unique. */
const partialMark = '.partial-';

/** A backup in a directory, which should lie on another disk than the database. */
export function directoryStore(directory: string): BackupStore {
  const root = resolve(directory);
  const pathOf = (name: string) => join(root, ...name.split('/'));
  return {
    place: root,
    put: (name, bytes) => guarded(() => putFile(root, pathOf(name), bytes)),
    get: (name) =>
      guarded(async () => {
        try {
          return await readFile(pathOf(name));
        } catch (error) {
          if (isMissing(error)) return undefined;
          throw error;
        }
      }),
    async *list(beginning) {
      const [, folder = ''] = /^(.*)\/[^/]*$/.exec(beginning) ?? [];
      const names = await guarded(() => namesBelow(pathOf(folder)));
      const found = names.map((path) => relative(root, path).split('\\').join('/'));
      for (const name of found.filter((each) => each.startsWith(beginning)).toSorted()) {
        const stats = await guarded(() => stat(pathOf(name)));
        yield { name, bytes: stats.size } satisfies StoredObject;
      }
    },
    check: () =>
      guarded(async () => {
        await mkdir(root, { recursive: true, mode: 0o700 });
        await readdir(root);
      }),
    close: async () => undefined,
  };
}

async function putFile(root: string, path: string, bytes: Buffer): Promise<void> {
  const folder = dirname(path);
  const made = await mkdir(folder, { recursive: true, mode: 0o700 });
  const partial = `${path}${partialMark}${randomUUID()}`;
  try {
    const file = await open(partial, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(folder);
  // A folder that is new is itself an entry of the one above.
  if (made === undefined) return;
  for (let above = folder; above !== root && above !== dirname(above); ) {
    above = dirname(above);
    await syncFolder(above);
  }
}

async function syncFolder(folder: string): Promise<void> {
  // Windows has no such thing.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function namesBelow(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile() && !entry.name.includes(partialMark))
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new UnavailableError('backup-unavailable', {
      message: `The directory of the backup cannot be used: ${code}`,
    });
  }
}
