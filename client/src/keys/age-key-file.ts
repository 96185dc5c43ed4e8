import { type MasterKey, parseMasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import { addIdentities, identitiesFromEnvironment, noIdentityFits } from './age-identities.ts';
import type { KeySurroundings } from './key-surroundings.ts';
import { passphraseFromEnvironment } from './passphrase-source.ts';

const armorBegin = '-----BEGIN AGE ENCRYPTED FILE-----';
const binaryBegin = 'age-encryption.org/';

/** Whether the bytes are a file that `age` encrypted, binary or armored. */
export function isAgeFile(bytes: Buffer): boolean {
  return bytes.toString('latin1', 0, 200).trimStart().startsWith(armorBegin) || startsWithHeader(bytes);
}

const startsWithHeader = (bytes: Buffer): boolean => bytes.toString('latin1', 0, binaryBegin.length) === binaryBegin;

/** What opens the file, by its header: a passphrase, or so many recipients. Unauthenticated. */
export async function recipientsOfAgeFile(bytes: Buffer, file: string): Promise<'passphrase' | number> {
  const header = (await binaryForm(bytes, file)).toString('latin1').split('\n--- ', 1)[0] ?? '';
  const kinds = [...header.matchAll(/^-> (\S+)/gm)].map(([, kind]) => kind);
  return kinds[0] === 'scrypt' ? 'passphrase' : kinds.filter((kind) => !kind?.endsWith('-grease')).length;
}

/**
 * Opens a key file that `age` itself encrypted (`age -R team.txt -o sdp.key.age sdp.key`, or `age -p`), format
 * age-encryption.org/v1. The library does no more work for a passphrase than scrypt at 2^20.
 *
 * @throws {ConfigError} `key-locked`, `key-invalid`
 */
export async function openAgeKeyFile(bytes: Buffer, file: string, surroundings: KeySurroundings): Promise<MasterKey> {
  const binary = await binaryForm(bytes, file);
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  const byPassphrase = (await recipientsOfAgeFile(binary, file)) === 'passphrase';
  const locked = (message: string, remedy?: string) =>
    new ConfigError('key-locked', {
      details: { file, findings: [{ field: byPassphrase ? 'passphrase' : 'age identity', message }] },
      ...(remedy === undefined ? {} : { remedy }),
    });
  let plugin: number | undefined;
  if (byPassphrase) {
    const passphrase =
      passphraseFromEnvironment(surroundings) ?? (await surroundings.prompt?.('Passphrase of the key: '));
    if (passphrase === undefined) throw locked('SDP_KEY_PASSPHRASE and SDP_KEY_PASSPHRASE_FILE give none');
    decrypter.addPassphrase(passphrase);
  } else {
    const identities = identitiesFromEnvironment(surroundings);
    if (identities === undefined) throw locked('SDP_KEY_IDENTITY_FILE names no identity file');
    plugin = addIdentities(decrypter, identities);
  }
  let plaintext: Uint8Array;
  try {
    plaintext = await decrypter.decrypt(binary);
  } catch {
    // The library's own words aren't needed to act on, and may quote the header.
    const { message, remedy } = noIdentityFits(plugin);
    throw byPassphrase ? locked('it is not the right one, or the file was changed') : locked(message, remedy);
  }
  try {
    return parseMasterKey(Buffer.from(plaintext).toString('latin1').trim());
  } finally {
    plaintext.fill(0);
  }
}

async function binaryForm(bytes: Buffer, file: string): Promise<Buffer> {
  if (startsWithHeader(bytes)) return bytes;
  const { armor } = await import('age-encryption');
  try {
    return Buffer.from(armor.decode(bytes.toString('latin1')));
  } catch {
    throw new ConfigError('key-invalid', {
      message: 'The age file is damaged',
      remedy: 'Restore a copy of it.',
      details: { file },
    });
  }
}
