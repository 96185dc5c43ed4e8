import { resolve } from 'node:path';
import { isPublishedKey, type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import { isAgeFile, openAgeKeyFile, recipientsOfAgeFile } from './age-key-file.ts';
import type { KeySurroundings } from './key-surroundings.ts';
import { openSealedKey } from './open-sealed-key.ts';
import { isSealedKeyText, parseSealedKey, type WrapKind } from './sealed-key-file.ts';
import { readSecretBytes } from './secret-file.ts';

/** A sealed key for a hundred post-quantum recipients fits. */
const fileSizeLimit = 1_048_576;
const plainKeySizeLimit = 1_024;

/**
 * The client's master key, from `SDP_CRYPTO_KEY` or the file that `SDP_CRYPTO_KEY_FILE` names: a key as it is, or one that
 * a passphrase, an age identity, the keyring of the system or a key service opens, `sdp keygen`'s own kind or one that `age`
 * encrypted. Both may be set if they give the same
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

/** What the key file holds. @throws {ConfigError} as {@link loadMasterKey} */
function readKeyFileBytes(file: string): Buffer {
  const tooLarge = () => new ConfigError('key-invalid', { details: { file } });
  const bytes = readSecretBytes(file, { namedBy: 'SDP_CRYPTO_KEY_FILE', limitBytes: fileSizeLimit, tooLarge });
  if (!isSealedKeyText(bytes.toString('latin1')) && bytes.length > plainKeySizeLimit && !isAgeFile(bytes)) {
    throw tooLarge();
  }
  return bytes;
}

async function readKeyFile(file: string, surroundings: KeySurroundings): Promise<MasterKey> {
  const bytes = readKeyFileBytes(file);
  if (isAgeFile(bytes)) return await openAgeKeyFile(bytes, file, surroundings);
  const text = bytes.toString('utf8');
  return isSealedKeyText(text)
    ? await openSealedKey(parseSealedKey(text, file), file, surroundings)
    : parseMasterKey(text.trim());
}

/** By what a key file is sealed, one entry for each way in; empty for a key as it is. @throws {ConfigError} as {@link loadMasterKey} */
export async function waysIntoKeyFile(file: string): Promise<readonly (WrapKind | 'age')[]> {
  const bytes = readKeyFileBytes(file);
  if (isAgeFile(bytes)) {
    const recipients = await recipientsOfAgeFile(bytes, file);
    return recipients === 'passphrase' ? [recipients] : Array.from({ length: recipients }, () => 'age' as const);
  }
  const text = bytes.toString('utf8');
  if (!isSealedKeyText(text)) return [];
  // Each recipient has an identity of their own.
  return parseSealedKey(text, file).wraps.flatMap((wrap) =>
    wrap.kind === 'recipients' ? wrap.recipients.map(() => wrap.kind) : [wrap.kind],
  );
}
