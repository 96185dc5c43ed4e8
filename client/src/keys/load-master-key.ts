import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isPublishedKey, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import type { KeySurroundings } from './key-surroundings.ts';

const fileSizeLimit = 1_024;

/**
 * The client's master key, from `SDP_CRYPTO_KEY` or the file that `SDP_CRYPTO_KEY_FILE` names. Both may be set if they
 * give the same key.
 *
 * A key file that others than its owner may read is refused rather than warned about: a warning scrolls by once in a
 * job that runs for years, and `chmod 600` is all it takes. (Windows has no such mode bits and is not checked.)
 *
 * @throws {ConfigError} `key-missing`, `key-invalid`, `key-published` (unless `SDP_ENV=dev`), `config-unreadable` or
 *   `config-invalid` (a readable-by-others file, two different keys)
 */
export async function loadMasterKey({ env, cwd }: KeySurroundings): Promise<MasterKey> {
  // An empty variable counts as unset: `SDP_CRYPTO_KEY=` in an env file means "not given here".
  const text = env['SDP_CRYPTO_KEY'] || undefined;
  const file = env['SDP_CRYPTO_KEY_FILE'] || undefined;
  const fromText = text === undefined ? undefined : parseMasterKey(text.trim());
  const fromFile = file === undefined ? undefined : readKeyFile(resolve(cwd, file));
  const key = fromText ?? fromFile;
  if (key === undefined) throw new ConfigError('key-missing');
  if (fromText !== undefined && fromFile !== undefined && !fromText.equals(fromFile)) {
    throw new ConfigError('config-invalid', {
      message: 'SDP_CRYPTO_KEY and SDP_CRYPTO_KEY_FILE give two different keys',
      remedy: 'Unset the one that is not meant.',
    });
  }
  if (env['SDP_ENV'] !== 'dev' && isPublishedKey(key)) throw new ConfigError('key-published');
  return key;
}

function readKeyFile(file: string): MasterKey {
  return parseMasterKey(readOwnFile(file).trim());
}

function readOwnFile(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    throw new ConfigError('config-unreadable', {
      message: 'The file named by SDP_CRYPTO_KEY_FILE cannot be read',
      details: { file },
    });
  }
  try {
    // Checked on the open file, so that it can't be exchanged between check and read.
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      throw new ConfigError('config-unreadable', {
        message: 'SDP_CRYPTO_KEY_FILE does not name a file',
        details: { file },
      });
    }
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
      throw new ConfigError('config-invalid', {
        message: 'The file named by SDP_CRYPTO_KEY_FILE can be read or changed by other users',
        remedy: 'Take their permissions away: chmod 600 FILE',
        details: { file },
      });
    }
    if (status.size > fileSizeLimit) throw new ConfigError('key-invalid', { details: { file } });
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}
