import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { ConfigError } from '@sdp/shared/errors';

export interface SecretFileOptions {
  /** What names the file, for messages: a variable or a flag. */
  readonly namedBy: string;
  readonly limitBytes: number;
  /** Of a file beyond the limit. */
  readonly tooLarge: () => ConfigError;
}

/**
 * Reads a file with a secret. One that others than its owner may read is refused rather than warned about: a warning
 * scrolls by once in a job that runs for years, and `chmod 600` is all it takes. (Windows has no such mode bits and is
 * not checked.)
 *
 * @throws {ConfigError} `config-unreadable`, `config-invalid`
 */
export function readSecretFile(file: string, options: SecretFileOptions): string {
  return readSecretBytes(file, options).toString('utf8');
}

/** {@link readSecretFile} for a file that may be no text. */
export function readSecretBytes(file: string, { namedBy, limitBytes, tooLarge }: SecretFileOptions): Buffer {
  let descriptor: number;
  try {
    // A pipe that nobody writes to would be waited for without end. (Windows knows no such flag.)
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch {
    throw new ConfigError('config-unreadable', {
      message: `The file named by ${namedBy} cannot be read`,
      details: { file },
    });
  }
  try {
    // Checked on the open file, so that it can't be exchanged between check and read.
    const status = fstatSync(descriptor);
    if (!status.isFile()) {
      throw new ConfigError('config-unreadable', { message: `${namedBy} does not name a file`, details: { file } });
    }
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
      throw new ConfigError('config-invalid', {
        message: `The file named by ${namedBy} can be read or changed by other users`,
        remedy: 'Take their permissions away: chmod 600 FILE',
        details: { file },
      });
    }
    if (status.size > limitBytes) throw tooLarge();
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
