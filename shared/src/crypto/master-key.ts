import { createHash, createSecretKey, type KeyObject, randomBytes } from 'node:crypto';
import { ConfigError } from '../errors/index.ts';

declare const masterKeyBrand: unique symbol;

/**
 * The 256-bit key from which all others of one side are derived. A KeyObject, so that neither `console.log` nor
 * `JSON.stringify` can show it.
 */
export type MasterKey = KeyObject & { readonly [masterKeyBrand]: true };

const keyBytes = 32;
const canonicalText = /^[A-Za-z0-9_-]{43}=?$/;

/**
 * Reads a master key: 32 bytes as URL-safe base64, 43 characters with an optional `=`.
 *
 * Strict on purpose. A decoder that skips what it doesn't know would accept a key pasted with a piece missing, and two
 * spellings of one key would not compare equal in a key check.
 *
 * @throws {ConfigError} `key-invalid` for any other length, alphabet, or non-zero spare bits in the last character
 */
export function parseMasterKey(text: string): MasterKey {
  const bytes = canonicalText.test(text) ? Buffer.from(text, 'base64url') : Buffer.alloc(0);
  if (bytes.length !== keyBytes || bytes.toString('base64url') !== text.slice(0, 43)) {
    throw new ConfigError('key-invalid');
  }
  return createSecretKey(bytes) as MasterKey;
}

/** A fresh random master key as text, with the `=` that other tools expect of 32 bytes in base64. */
export function generateMasterKeyText(): string {
  return `${randomBytes(keyBytes).toString('base64url')}=`;
}

/**
 * Keys that stand in documentation, tests or everybody's fingers. They protect nothing and are refused outside
 * development: all zeros, all 0xff, 0x00…0x1f, and the two of the documentation.
 */
export const publishedKeys: readonly string[] = [
  'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  '__________________________________________8=',
  'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
  'ZXhhbXBsZS1jbGllbnQta2V5LWRvLW5vdC11c2UtLS0=',
  'ZXhhbXBsZS1zZXJ2ZXIta2V5LWRvLW5vdC11c2UtLS0=',
];

const publishedFingerprints = new Set(publishedKeys.map((text) => keyFingerprint(parseMasterKey(text))));

/** Whether the key is one of {@link publishedKeys}. */
export function isPublishedKey(key: KeyObject): boolean {
  return publishedFingerprints.has(keyFingerprint(key));
}

/**
 * SHA-256 of the key under a fixed prefix, as hex: tells whether two keys are the same without showing either. Safe to
 * publish for random keys only, which is why a server publishes its own and a client never does.
 */
export function keyFingerprint(key: KeyObject): string {
  return createHash('sha256').update('sdp-key-fingerprint-v1').update(key.export()).digest('hex');
}
