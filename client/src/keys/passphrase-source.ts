import { resolve } from 'node:path';
import { ConfigError } from '@sdp/shared/errors';
import type { KeySurroundings } from './key-surroundings.ts';
import { readSecretFile } from './secret-file.ts';

const limitBytes = 4_096;

/**
 * The passphrase from `SDP_KEY_PASSPHRASE`, or the first line of the file that `SDP_KEY_PASSPHRASE_FILE` names; never from
 * the command line, which other users of the machine can read.
 *
 * @returns `undefined` if the environment names none
 */
export function passphraseFromEnvironment({ env, cwd }: KeySurroundings): string | undefined {
  const text = env['SDP_KEY_PASSPHRASE'];
  if (text) return text;
  const file = env['SDP_KEY_PASSPHRASE_FILE'];
  if (!file) return undefined;
  const tooLarge = () =>
    new ConfigError('config-invalid', { message: 'The file named by SDP_KEY_PASSPHRASE_FILE is too large' });
  const read = readSecretFile(resolve(cwd, file), { namedBy: 'SDP_KEY_PASSPHRASE_FILE', limitBytes, tooLarge });
  return read.split(/\r?\n/, 1)[0];
}

/**
 * A passphrase for a new file: from the environment, else asked for twice.
 *
 * @throws {ConfigError} `key-source-invalid` where nobody can be asked, or the two differ
 */
export async function newPassphrase(surroundings: KeySurroundings): Promise<string> {
  const given = passphraseFromEnvironment(surroundings);
  if (given !== undefined) return given;
  const { prompt } = surroundings;
  if (prompt === undefined) {
    throw new ConfigError('key-source-invalid', {
      message: 'There is no terminal to ask for the passphrase',
      remedy: 'Set SDP_KEY_PASSPHRASE_FILE to a file that holds it.',
    });
  }
  const first = await prompt('New passphrase for the key: ');
  if ((await prompt('The same once more: ')) === first) return first;
  throw new ConfigError('key-source-invalid', {
    message: 'The two passphrases differ',
    remedy: 'Run the command again and type the same one twice.',
  });
}
