import { readFileSync, statSync } from 'node:fs';
import { ConfigError, RejectedError } from '@sdp/shared/errors';
import type { Environment } from '../commands/context.ts';

const fileSizeLimit = 4_096;

/**
 * The API key from `SDP_API_KEY`, or the file that `SDP_API_KEY_FILE` names; never from the command line, which other
 * users of the machine can read.
 *
 * @throws {RejectedError} `unauthorized` when there is none
 * @throws {ConfigError} `config-unreadable`, `config-invalid`
 */
export function loadApiKey(env: Environment): string {
  const text = env['SDP_API_KEY'] || undefined;
  const file = env['SDP_API_KEY_FILE'] || undefined;
  const key = (text ?? (file === undefined ? undefined : readKeyFile(file)))?.trim();
  if (key === undefined || key === '') {
    throw new RejectedError('unauthorized', {
      message: 'No API key was given',
      remedy: 'Set SDP_API_KEY, or SDP_API_KEY_FILE to a file that holds the key.',
    });
  }
  // Anything else cannot stand in a header, and a line feed there would start another one.
  if (!/^[\x21-\x7e]{1,512}$/.test(key)) {
    throw new ConfigError('config-invalid', {
      message: 'The API key has characters that no API key has',
      remedy: 'Set SDP_API_KEY to the key as the server printed it.',
    });
  }
  return key;
}

function readKeyFile(file: string): string {
  try {
    const status = statSync(file);
    if (status.size > fileSizeLimit || !status.isFile()) throw new Error('not a key file');
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
      throw new ConfigError('config-invalid', {
        message: 'The file named by SDP_API_KEY_FILE can be read or changed by other users',
        remedy: 'Take their permissions away: chmod 600 FILE',
        details: { file },
      });
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError('config-unreadable', {
      message: 'The file named by SDP_API_KEY_FILE cannot be read',
      details: { file },
    });
  }
}
