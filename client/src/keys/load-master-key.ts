import { resolve } from 'node:path';
import { isPublishedKey, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import type { KeySurroundings } from './key-surroundings.ts';
import { openSealedKey } from './open-sealed-key.ts';
import { isSealedKeyText, parseSealedKey } from './sealed-key-file.ts';
import { readSecretFile } from './secret-file.ts';

/** A sealed key for a hundred post-quantum recipients fits. */
const fileSizeLimit = 1_048_576;
const plainKeySizeLimit = 1_024;

/**
 * The client's master key, from `SDP_CRYPTO_KEY` or the file that `SDP_CRYPTO_KEY_FILE` names: a key as it is, or one that
 * a passphrase, an age identity, the keyring of the system or a key service opens. Both may be set if they give the same
 * key. A file that others than its owner may read is refused.
 *
 * @throws {ConfigError} `key-missing`, `key-invalid`, `key-locked`, `key-source-invalid`, `key-published` (unless
 *   `SDP_ENV=dev`), `config-unreadable` or `config-invalid` (a readable-by-others file, two different keys)
 * @throws {UnavailableError} `kms-unavailable`
 */
export async function loadMasterKey(surroundings: KeySurroundings): Promise<MasterKey> {
  const { env, cwd } = surroundings;
  // An empty variable counts as unset: `SDP_CRYPTO_KEY=` in an env file means "not given here".
  const text = env['SDP_CRYPTO_KEY'] || undefined;
  const file = env['SDP_CRYPTO_KEY_FILE'] || undefined;
  const fromText = text === undefined ? undefined : parseMasterKey(text.trim());
  const fromFile = file === undefined ? undefined : await readKeyFile(resolve(cwd, file), surroundings);
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

/** The text of the key file, a key or a sealed one. @throws {ConfigError} as {@link loadMasterKey} */
export function readKeyFileText(file: string): string {
  const tooLarge = () => new ConfigError('key-invalid', { details: { file } });
  const text = readSecretFile(file, { namedBy: 'SDP_CRYPTO_KEY_FILE', limitBytes: fileSizeLimit, tooLarge });
  if (!isSealedKeyText(text) && text.length > plainKeySizeLimit) throw tooLarge();
  return text;
}

async function readKeyFile(file: string, surroundings: KeySurroundings): Promise<MasterKey> {
  const text = readKeyFileText(file);
  return isSealedKeyText(text)
    ? await openSealedKey(parseSealedKey(text, file), file, surroundings)
    : parseMasterKey(text.trim());
}
