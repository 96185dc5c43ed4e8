import { type KeyObject, sign, verify } from 'node:crypto';
import { constantTimeEqual, keyedDigest, lengthPrefixed } from '../../crypto/index.ts';
import { signedDomain } from './envelope-context.ts';

const batchDomain = 'sdp-envelope-batch-v1';

/** HMAC-SHA-256 under a key that is prepared once. */
export interface MessageMac {
  sign(content: Uint8Array): Buffer;
  verify(content: Uint8Array, mac: Uint8Array): boolean;
}

export function messageMac(key: KeyObject): MessageMac {
  const digest = keyedDigest(key, signedDomain);
  const mac = (content: Uint8Array) => Buffer.from(digest(content), 'hex');
  return { sign: mac, verify: (content, given) => constantTimeEqual(mac(content), given) };
}

/** Ed25519 (RFC 8032) over one message. */
export function signMessage(privateKey: KeyObject, content: Uint8Array): Buffer {
  return sign(null, leafContent(content), privateKey);
}

export function verifyMessage(publicKey: KeyObject, content: Uint8Array, signature: Uint8Array): boolean {
  return verify(null, leafContent(content), publicKey, signature);
}

/** Ed25519 over the root of a batch's tree and the number of its messages. */
export function signRoot(privateKey: KeyObject, root: Uint8Array, count: number): Buffer {
  return sign(null, lengthPrefixed(batchDomain, count, root), privateKey);
}

export function verifyRoot(publicKey: KeyObject, root: Uint8Array, count: number, signature: Uint8Array): boolean {
  return verify(null, lengthPrefixed(batchDomain, count, root), publicKey, signature);
}

/** A message as it is signed, or as it is a leaf. */
export function leafContent(content: Uint8Array): Buffer {
  return lengthPrefixed(signedDomain, content);
}
