import { resolve } from 'node:path';
import { ConfigError } from '@sdp/shared/errors';
import type { Decrypter } from 'age-encryption';
import type { KeySurroundings } from './key-surroundings.ts';
import { readSecretFile } from './secret-file.ts';

const limitBytes = 1_048_576;

/** Lines of a recipients or identity file: empty ones and those that begin with `#` don't count. */
export function linesOfKeys(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/**
 * The age identities in the file that `SDP_KEY_IDENTITY_FILE` names.
 *
 * @returns `undefined` if the variable isn't set
 * @throws {ConfigError} `key-source-invalid` for a file that has to be opened itself, or holds an SSH key
 */
export function identitiesFromEnvironment({ env, cwd }: KeySurroundings): readonly string[] | undefined {
  const file = env['SDP_KEY_IDENTITY_FILE'];
  if (!file) return undefined;
  const tooLarge = () =>
    new ConfigError('config-invalid', { message: 'The file named by SDP_KEY_IDENTITY_FILE is too large' });
  const text = readSecretFile(resolve(cwd, file), { namedBy: 'SDP_KEY_IDENTITY_FILE', limitBytes, tooLarge });
  if (/^(age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE-----)/.test(text)) {
    throw new ConfigError('key-source-invalid', {
      message: 'The identity file is encrypted itself',
      remedy: 'Decrypt it with `age -d` into a file that only you can read, and name that.',
    });
  }
  if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw new ConfigError('key-source-invalid', {
      message: 'The identity file holds an SSH key, which sdp does not take',
      remedy: 'Make an identity with `age-keygen`, and have the key sealed for its recipient.',
    });
  }
  return linesOfKeys(text);
}

/**
 * Gives a decrypter the identities. Those of plugins are passed over, as sdp runs no plugin.
 *
 * @returns number, from 1, of the first identity that was passed over
 * @throws {ConfigError} `key-source-invalid` for text that is no identity
 */
export function addIdentities(decrypter: Decrypter, identities: readonly string[]): number | undefined {
  let plugin: number | undefined;
  for (const [index, identity] of identities.entries()) {
    if (/^AGE-PLUGIN-/i.test(identity)) {
      plugin ??= index + 1;
      continue;
    }
    try {
      decrypter.addIdentity(identity);
    } catch {
      throw new ConfigError('key-source-invalid', {
        message: `Identity ${index + 1} of the identity file is not an age identity`,
        remedy: 'Give the file that `age-keygen` wrote.',
      });
    }
  }
  return plugin;
}

/** What to say where no identity opened the file. */
export function noIdentityFits(plugin: number | undefined): ConfigError {
  return new ConfigError('key-source-invalid', {
    message:
      plugin === undefined
        ? 'none of the identities is one of its recipients'
        : `none of the identities is one of its recipients; identity ${plugin} needs a plugin of age, and sdp runs none`,
    remedy: 'Name the identity file of a recipient with SDP_KEY_IDENTITY_FILE.',
  });
}
