import type { MasterKey } from '@sdp/shared/crypto';
import { ConfigError, type Finding, SdpError, UnavailableError } from '@sdp/shared/errors';
import { identitiesFromEnvironment } from './age-identities.ts';
import type { KeySurroundings } from './key-surroundings.ts';
import { unwrapByKeyring } from './keyring-wrap.ts';
import { unwrapByService } from './kms-wrap.ts';
import { passphraseFromEnvironment } from './passphrase-source.ts';
import { unwrapByPassphrase } from './passphrase-wrap.ts';
import { unwrapByIdentities } from './recipients-wrap.ts';
import type { SealedKey, WrapKind, WrappedKey } from './sealed-key-file.ts';

/** What needs no network and no person goes first. */
const order: readonly WrapKind[] = ['recipients', 'keyring', 'passphrase', 'kms'];

const names: Readonly<Record<WrapKind, string>> = {
  recipients: 'age identity',
  keyring: 'keyring',
  passphrase: 'passphrase',
  kms: 'key service',
};

/**
 * Opens a sealed key by whichever of its ways works first; a person is asked for the passphrase only when nothing else did.
 *
 * @throws {ConfigError} `key-locked` that says of every way why it failed
 * @throws {UnavailableError} `kms-unavailable` if it may go well later
 */
export async function openSealedKey(
  sealed: SealedKey,
  file: string,
  surroundings: KeySurroundings,
): Promise<MasterKey> {
  const findings: Finding[] = [];
  let unavailable: SdpError | undefined;
  let remedy: string | undefined;
  const wraps = order.flatMap((kind) => sealed.wraps.filter((wrap) => wrap.kind === kind));
  for (const wrap of wraps) {
    try {
      const opened = await unwrap(sealed.id, wrap, surroundings);
      if (typeof opened !== 'string') return opened;
      findings.push({ field: names[wrap.kind], message: opened });
    } catch (error) {
      surroundings.signal?.throwIfAborted();
      if (!(error instanceof SdpError)) throw error;
      if (error.kind === 'unavailable') unavailable = error;
      if (wraps.length === 1) remedy = error.remedy;
      findings.push({ field: names[wrap.kind], message: error.message });
    }
  }
  const typed = await askForPassphrase(sealed, surroundings);
  if (typed !== undefined && typed !== 'wrong') return typed;
  if (typed === 'wrong') {
    const kept = findings.filter(({ field }) => field !== names.passphrase);
    findings.splice(0, findings.length, ...kept, { field: names.passphrase, message: 'it is not the right one' });
  }
  if (unavailable !== undefined) {
    throw new UnavailableError('kms-unavailable', { message: unavailable.message, details: { file, findings } });
  }
  throw new ConfigError('key-locked', {
    details: { file, findings },
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** @returns the key, or why this way doesn't lead to it */
async function unwrap(id: string, wrap: WrappedKey, surroundings: KeySurroundings): Promise<MasterKey | string> {
  switch (wrap.kind) {
    case 'recipients': {
      const identities = identitiesFromEnvironment(surroundings);
      if (identities === undefined) return 'SDP_KEY_IDENTITY_FILE names no identity file';
      return (await unwrapByIdentities(id, wrap, identities)) ?? 'it holds the key of another file';
    }
    case 'keyring':
      return (await unwrapByKeyring(id, wrap)) ?? 'the keyring holds another key under this name';
    case 'passphrase': {
      const passphrase = passphraseFromEnvironment(surroundings);
      if (passphrase === undefined) return 'SDP_KEY_PASSPHRASE and SDP_KEY_PASSPHRASE_FILE give none';
      return (await unwrapByPassphrase(id, wrap, passphrase)) ?? 'it is not the right one';
    }
    case 'kms':
      return (await unwrapByService(id, wrap, surroundings)) ?? 'the key service gave something that is no key';
  }
}

/** @returns `undefined` where there is nothing to ask for, or nobody to ask */
async function askForPassphrase(
  sealed: SealedKey,
  surroundings: KeySurroundings,
): Promise<MasterKey | 'wrong' | undefined> {
  const { prompt } = surroundings;
  const wrap = sealed.wraps.find((candidate) => candidate.kind === 'passphrase');
  if (wrap === undefined || prompt === undefined || passphraseFromEnvironment(surroundings) !== undefined) return;
  return (await unwrapByPassphrase(sealed.id, wrap, await prompt('Passphrase of the key: '))) ?? 'wrong';
}
