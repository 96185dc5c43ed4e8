/**
 * The parts of a sealed message, big-endian, nothing between them and nothing behind:
 *
 * ```
 * magic "SDPE"            4    time, ms since 1970      8
 * version (1)             1    key id, length + ASCII   1 + 1…64
 * encryption algorithm    1    signing key id           1 + 1…64
 * signature algorithm     1    nonce                    12
 * reserved (0)            1    ciphertext, with length  4 + n
 *                              tag                      16
 *                              signature                by algorithm
 * ```
 *
 * docs/messaging.md has all of it, with vectors.
 */
export const envelopeMagic = Buffer.from('SDPE', 'latin1');
export const envelopeVersion = 1;
export const aes256Gcm = 1;

/** `none` is reserved for saying that a message is unsigned; nothing here makes or takes such. */
export const signatureCodes = { none: 0, 'hmac-sha256': 1, ed25519: 2, 'ed25519-merkle': 3 } as const;
export type SignatureAlgorithm = Exclude<keyof typeof signatureCodes, 'none'>;

export const fixedHeadBytes = 16;
export const keyIdMaxBytes = 64;
export const digestBytes = 32;
export const ed25519Bytes = 64;
/** Messages under one signature; its path has at most 16 digests. */
export const maxBatchMessages = 65_536;
/** Bound on what a parser takes, well above any broker's limit. */
export const maxCiphertextBytes = 64 * 1024 * 1024;

const keyIdPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Whether the text can name a key: 1 to 64 letters, digits, dots, underscores and hyphens, the first a letter or digit. */
export function isKeyId(text: string): boolean {
  return keyIdPattern.test(text);
}

/** What stands before the nonce: bound, as associated data and by the signature, as it stands. */
export interface EnvelopeHead {
  readonly signature: SignatureAlgorithm;
  readonly sealedAt: Date;
  readonly keyId: string;
  readonly signingKeyId: string;
}
