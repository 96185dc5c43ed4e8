import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { EnvelopeKeys, EnvelopeSealer, EnvelopeVerifier } from '../../../src/messaging/envelope/index.ts';
import { messageMac } from '../../../src/messaging/envelope/index.ts';

/** DER that stands before the 32 bytes of a public key (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export function ed25519PublicKey(hex: string): KeyObject {
  return createPublicKey({ key: Buffer.concat([spkiPrefix, Buffer.from(hex, 'hex')]), format: 'der', type: 'spki' });
}

export const sampleKey = createSecretKey(Buffer.alloc(32, 7));
const sampleMac = messageMac(createSecretKey(Buffer.alloc(32, 8)));
const samplePair = generateKeyPairSync('ed25519');

/** A sealer by each algorithm, and keys that open what they seal. */
export const sealers = {
  'hmac-sha256': { keyId: 'enc-1', key: sampleKey, signer: { keyId: 'mac-1', mac: sampleMac } },
  ed25519: { keyId: 'enc-1', key: sampleKey, signer: { keyId: 'ed-1', privateKey: samplePair.privateKey } },
} as const satisfies Record<string, EnvelopeSealer>;

export const sampleKeys = keysOf(
  { 'enc-1': sampleKey },
  {
    'mac-1': { mac: sampleMac, party: 'us' },
    'ed-1': { publicKey: samplePair.publicKey, party: 'them' },
  },
);

export function keysOf(
  decryption: Readonly<Record<string, KeyObject>>,
  verification: Readonly<Record<string, EnvelopeVerifier>>,
): EnvelopeKeys {
  return { decryptionKey: (id) => decryption[id], verifier: (id) => verification[id] };
}

/** The code with which something is refused, or `opened`. */
export function codeOf(attempt: () => unknown): string {
  try {
    attempt();
    return 'opened';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}
