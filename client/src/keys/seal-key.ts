import { type MasterKey, randomId } from '@sdp/shared/crypto';
import type { KeySurroundings } from './key-surroundings.ts';
import { wrapByKeyring } from './keyring-wrap.ts';
import { wrapByService } from './kms-wrap.ts';
import { newPassphrase } from './passphrase-source.ts';
import { wrapByPassphrase } from './passphrase-wrap.ts';
import { wrapForRecipients } from './recipients-wrap.ts';
import { type SealedKey, serializeSealedKey, type WrappedKey } from './sealed-key-file.ts';
import { openSystemKeyring } from './system-keyring.ts';

/** What is to open the file; each does so alone. */
export interface SealingRequest {
  readonly passphrase: boolean;
  /** Lines of an age recipients file. */
  readonly recipients?: readonly string[];
  /** Addresses of keys at key services. */
  readonly kms: readonly string[];
  /** Name in the keyring of the system. */
  readonly keyring?: string;
}

export interface SealedKeyText {
  readonly text: string;
  readonly sealed: SealedKey;
  /** Takes the entry out of the keyring again, for a file that could not be written. */
  abandon(): Promise<void>;
}

/** The text of a sealed key file. What can fail without a trace goes first, the entry in the keyring last. */
export async function sealKey(
  master: MasterKey,
  { passphrase, recipients, kms, keyring }: SealingRequest,
  surroundings: KeySurroundings,
): Promise<SealedKeyText> {
  const id = randomId();
  const wraps: WrappedKey[] = [];
  if (recipients !== undefined) wraps.push(await wrapForRecipients(id, master, recipients));
  if (passphrase) wraps.push(await wrapByPassphrase(id, master, await newPassphrase(surroundings)));
  for (const uri of kms) wraps.push(await wrapByService(id, master, uri, surroundings));
  if (keyring !== undefined) wraps.push(await wrapByKeyring(id, master, keyring));
  const sealed: SealedKey = {
    format: 'sdp-sealed-key',
    version: 1,
    id,
    created_at: new Date().toISOString(),
    wraps,
  };
  return {
    text: serializeSealedKey(sealed),
    sealed,
    abandon: async () => {
      if (keyring !== undefined) await (await openSystemKeyring()).remove(keyring);
    },
  };
}
