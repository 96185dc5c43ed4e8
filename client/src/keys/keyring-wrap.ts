import { createSecretKey, randomBytes } from 'node:crypto';
import type { MasterKey } from '@sdp/shared/crypto';
import { ConfigError } from '@sdp/shared/errors';
import { unwrapMasterKey, wrapMasterKey } from './key-wrapping.ts';
import type { WrappedKey } from './sealed-key-file.ts';
import { openSystemKeyring, type SystemKeyring } from './system-keyring.ts';

type KeyringWrap = Extract<WrappedKey, { kind: 'keyring' }>;

/**
 * Wraps the master key by a random key that is kept in the keyring of the system under `name`.
 *
 * @throws {ConfigError} `key-source-invalid` when the keyring has something under that name, or can't be reached
 */
export async function wrapByKeyring(
  fileId: string,
  master: MasterKey,
  name: string,
  keyring?: SystemKeyring,
): Promise<KeyringWrap> {
  const store = keyring ?? (await openSystemKeyring());
  if ((await store.read(name)) !== undefined) {
    throw new ConfigError('key-source-invalid', {
      message: 'The keyring holds a key under this name already',
      remedy: 'Choose another name: a key that is replaced is lost, and with it every file that it opens.',
    });
  }
  const secret = randomBytes(32);
  const wrap: KeyringWrap = {
    kind: 'keyring',
    name,
    ...wrapMasterKey(createSecretKey(secret), [fileId, 'keyring', name], master),
  };
  await store.write(name, secret.toString('base64url'));
  secret.fill(0);
  return wrap;
}

/** @returns `undefined` if what the keyring holds doesn't open the file */
export async function unwrapByKeyring(
  fileId: string,
  wrap: KeyringWrap,
  keyring?: SystemKeyring,
): Promise<MasterKey | undefined> {
  const store = keyring ?? (await openSystemKeyring());
  const text = await store.read(wrap.name);
  if (text === undefined) {
    throw new ConfigError('key-source-invalid', { message: 'the keyring holds nothing under this name' });
  }
  const secret = Buffer.from(text, 'base64url');
  if (secret.length !== 32) return undefined;
  const wrapping = createSecretKey(secret);
  secret.fill(0);
  return unwrapMasterKey(wrapping, [fileId, 'keyring', wrap.name], wrap);
}
