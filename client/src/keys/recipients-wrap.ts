import type { MasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import { addIdentities, noIdentityFits } from './age-identities.ts';
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
    const number = index + 1;
    if (isOfPlugin(recipient)) throw notARecipient(`Recipient ${number} needs a plugin of age, and sdp runs none`);
    if (/^(ssh|ecdsa)-/.test(recipient))
      throw notARecipient(`Recipient ${number} is an SSH key, which sdp does not take`);
    try {
      encrypter.addRecipient(recipient);
    } catch {
      throw notARecipient(`Recipient ${number} is not an age recipient`);
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

/**
 * @returns `undefined` if what it holds is not the key of this file
 * @throws {ConfigError} `key-source-invalid` if none of the identities opens it
 */
export async function unwrapByIdentities(
  fileId: string,
  wrap: RecipientsWrap,
  identities: readonly string[],
): Promise<MasterKey | undefined> {
  const { Decrypter } = await ageLibrary();
  const decrypter = new Decrypter();
  const plugin = addIdentities(decrypter, identities);
  let plaintext: Uint8Array;
  try {
    plaintext = await decrypter.decrypt(Buffer.from(wrap.age, 'base64url'));
  } catch {
    throw noIdentityFits(plugin);
  }
  const expected = prefix(fileId);
  const fits = Buffer.from(plaintext.subarray(0, expected.length)).equals(expected);
  const key = fits ? masterKeyFrom(plaintext.slice(expected.length)) : undefined;
  plaintext.fill(0);
  return key;
}

/** The name before the last `1` says of what kind a recipient is; those that tags and tokens hold need a plugin to open. */
const isOfPlugin = (recipient: string): boolean => /^age1[^1]+1/.test(recipient) && !recipient.startsWith('age1pq1');

function notARecipient(message: string): ConfigError {
  return new ConfigError('key-source-invalid', {
    message,
    remedy: 'Give recipients as `age-keygen -y` prints them, one on a line: age1…',
  });
}
