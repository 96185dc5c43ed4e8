import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, IntegrityError } from '@sdp/shared/errors';
import type { ModelPackage } from './model-package.ts';
import { maxPackageBytes, maxPackageFiles, type PackageFiles, statementFile } from './package-files.ts';
import { unpackPackage } from './packed-package.ts';
import { parseStatement } from './statement.ts';

/**
 * The files of a folder, without the signature. All of them belong to the package: what isn't to be signed has no place here.
 *
 * @throws {InputError} `file-not-found`, `file-unreadable`; also for folders inside
 */
export async function readPackageFolder(folder: string): Promise<PackageFiles> {
  const files = new Map<string, Uint8Array>();
  const entries = await readdir(folder, { withFileTypes: true }).catch((error) => {
    throw unreadable(error, folder);
  });
  if (entries.length > maxPackageFiles + 1) {
    throw new InputError('file-unreadable', { message: 'The folder has more files than a package may have' });
  }
  for (const entry of entries) {
    if (entry.name === statementFile) continue;
    if (!entry.isFile()) {
      throw new InputError('file-unreadable', { message: 'A package has files alone: no folders and no links' });
    }
    files.set(entry.name, await readBounded(join(folder, entry.name)));
  }
  return files;
}

/**
 * A signed package: a folder with its signature in it, or one packed file.
 *
 * @throws {InputError} `file-not-found`, `file-unreadable`
 * @throws {IntegrityError} `model-tampered` for what is no package, or isn't signed
 */
export async function readPackage(path: string): Promise<ModelPackage> {
  const found = await stat(path).catch((error) => {
    throw unreadable(error, path);
  });
  if (!found.isDirectory()) return unpackPackage(await readBounded(path));
  const files = await readPackageFolder(path);
  const text = await readFile(join(path, statementFile), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw unreadable(error, path);
    throw new IntegrityError('model-tampered', {
      message: 'The folder is not signed',
      remedy: 'Sign it with `sdp-server models sign`.',
    });
  });
  return { statement: parseStatement(text), files };
}

async function readBounded(file: string): Promise<Uint8Array> {
  const { size } = await stat(file).catch((error) => {
    throw unreadable(error, file);
  });
  if (size > maxPackageBytes + 1_024 * 1_024) {
    throw new InputError('file-unreadable', { message: 'The file is larger than a package may be', details: { file } });
  }
  return await readFile(file).catch((error) => {
    throw unreadable(error, file);
  });
}

function unreadable(error: unknown, file: string): InputError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  return new InputError(isMissing ? 'file-not-found' : 'file-unreadable', { details: { file } });
}
