import { closeSync, fsyncSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InputError } from '@sdp/shared/errors';
import { syncFolder } from '../files/index.ts';

/**
 * Writes a key into a new file that only its owner may read.
 *
 * @throws {InputError} `file-exists` (a key that is overwritten is lost, and with it every vault it opens),
 *   `output-unwritable`
 */
export function writeKeyFile(file: string, keyText: string): void {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'wx', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new InputError('file-exists', {
        message: 'The key file is there already and was left as it is',
        remedy: 'Choose another name. A key that is overwritten is lost, and with it every vault it opens.',
        details: { file },
      });
    }
    throw new InputError('output-unwritable', { message: 'The key file cannot be made', details: { file } });
  }
  try {
    writeFileSync(descriptor, `${keyText.trimEnd()}\n`);
    fsyncSync(descriptor);
    syncFolder(dirname(file));
  } catch {
    unlinkSync(file);
    throw new InputError('output-unwritable', { message: 'The key file cannot be written', details: { file } });
  } finally {
    closeSync(descriptor);
  }
}
