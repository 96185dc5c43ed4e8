import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { outputFileError } from '../files/index.ts';

/**
 * Puts stdin into a file that only this user can read, since an upload reads its input twice.
 *
 * @throws {InputError} `output-unwritable`
 */
export async function spoolStream(
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sdp-upload-'));
  const path = join(folder, 'input.csv');
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await pipeline(source, createWriteStream(path, { mode: 0o600, flags: 'wx' }));
    return { path, remove };
  } catch (error) {
    await remove();
    throw outputFileError(error, path);
  }
}
