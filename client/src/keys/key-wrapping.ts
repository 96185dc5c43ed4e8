import { createSecretKey, type KeyObject } from 'node:crypto';
import { lengthPrefixed, type MasterKey, openBlob, sealBlob } from '@sdp/shared/crypto';

const masterKeyBytes = 32;

/** Nonce and ciphertext, as they stand in the file. */
export interface WrappedText {
  readonly nonce: string;
  readonly sealed: string;
}

/** Seals the master key under another key (AES-256-GCM), bound to its file and to the way it is opened. */
export function wrapMasterKey(wrapping: KeyObject, context: readonly string[], master: MasterKey): WrappedText {
  const bytes = master.export();
  try {
    const { nonce, sealed } = sealBlob(wrapping, aad(context), bytes);
    return { nonce: Buffer.from(nonce).toString('base64url'), sealed: Buffer.from(sealed).toString('base64url') };
  } finally {
    bytes.fill(0);
  }
}

/** @returns `undefined` if it doesn't open */
export function unwrapMasterKey(
  wrapping: KeyObject,
  context: readonly string[],
  { nonce, sealed }: WrappedText,
): MasterKey | undefined {
  const bytes = openBlob(wrapping, aad(context), {
    nonce: Buffer.from(nonce, 'base64url'),
    sealed: Buffer.from(sealed, 'base64url'),
  });
  return bytes && masterKeyFrom(bytes);
}

/** Takes the bytes over and erases them. @returns `undefined` for another number of bytes than a key has */
export function masterKeyFrom(bytes: Uint8Array): MasterKey | undefined {
  try {
    return bytes.length === masterKeyBytes ? (createSecretKey(bytes) as MasterKey) : undefined;
  } finally {
    bytes.fill(0);
  }
}

const aad = (context: readonly string[]) => lengthPrefixed('sdp-sealed-key-v1', ...context);
