import { IntegrityError } from '@sdp/shared/errors';

/** Files of a model package by name: flat, no folders. */
export type PackageFiles = ReadonlyMap<string, Uint8Array>;

/** Stands beside the files that it signs for. */
export const statementFile = 'signature.json';
export const manifestFile = 'ensemble.json';

export const maxPackageBytes = 256 * 1_024 * 1_024;
export const maxPackageFiles = 100;

/** Nothing that means anything to a file system: no separators, no dots in front. */
const namePattern = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** @throws {IntegrityError} `model-tampered` for names that no package has, too many files, or too large ones */
export function assertPackageFiles(files: PackageFiles): void {
  let sizeBytes = 0;
  for (const [name, bytes] of files) {
    if (!namePattern.test(name) || name === statementFile) {
      throw new IntegrityError('model-tampered', {
        message: 'The package holds a file with a name that none may have',
      });
    }
    sizeBytes += bytes.length;
  }
  if (files.size === 0 || files.size > maxPackageFiles || sizeBytes > maxPackageBytes) {
    throw new IntegrityError('model-tampered', {
      message: `A package has 1 to ${maxPackageFiles} files of together at most ${maxPackageBytes} bytes`,
    });
  }
}
