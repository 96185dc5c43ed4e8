import type { MasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import { masterKeyFrom } from './key-wrapping.ts';
import type { WrappedKey } from './sealed-key-file.ts';

type RecipientsWrap = Extract<WrappedKey, { kind: 'recipients' }>;

/** Loaded when it is needed: that takes longer than many a command. */
const ageLibrary = () => import('age-encryption');

/** Precedes the key inside the encrypted text, so that it opens as this file's key alone. */
const prefix = (fileId: string): Buffer => Buffer.from(`sdp-sealed-key-v1:${fileId}:`, 'utf8');

/**
 * Wraps the master key for the holders of age identities (age-encryption.org/v1): each of them opens it alone.
 *
 * @throws {ConfigError} `key-source-invalid` for text that is no recipient
 */
export async function wrapForRecipients(
  fileId: string,
  master: MasterKey,
  recipients: readonly string[],
): Promise<RecipientsWrap> {
  const { Encrypter } = await ageLibrary();
  const encrypter = new Encrypter();
  for (const [index, recipient] of recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw new ConfigError('key-source-invalid', {
        message: `Recipient ${index + 1} is not an age recipient`,
        remedy: 'Give recipients as `age-keygen -y` prints them, one on a line: age1…',
      });
    }
  }
  const key = master.export();
  const plaintext = Buffer.concat([prefix(fileId), key]);
  try {
    const sealed = await encrypter.encrypt(plaintext);
    return { kind: 'recipients', recipients: [...recipients], age: Buffer.from(sealed).toString('base64url') };
  } finally {
    key.fill(0);
    plaintext.fill(0);
  }
}

/** @returns `undefined` if none of the identities opens it */
export async function unwrapByIdentities(
  fileId: string,
  wrap: RecipientsWrap,
  identities: readonly string[],
): Promise<MasterKey | undefined> {
  const { Decrypter } = await ageLibrary();
  const decrypter = new Decrypter();
  for (const [index, identity] of identities.entries()) {
    try {
      decrypter.addIdentity(identity);
    } catch {
      throw new ConfigError('key-source-invalid', {
        message: `Identity ${index + 1} of the identity file is not an age identity`,
        remedy: 'Give the file that `age-keygen` wrote.',
      });
    }
  }
  let plaintext: Uint8Array;
  try {
    plaintext = await decrypter.decrypt(Buffer.from(wrap.age, 'base64url'));
  } catch {
    return undefined;
  }
  const expected = prefix(fileId);
  const fits = Buffer.from(plaintext.subarray(0, expected.length)).equals(expected);
  const key = fits ? masterKeyFrom(plaintext.slice(expected.length)) : undefined;
  plaintext.fill(0);
  return key;
}

/** Lines of a recipients or identity file: empty ones and those that begin with `#` don't count. */
export function linesOfKeys(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}
