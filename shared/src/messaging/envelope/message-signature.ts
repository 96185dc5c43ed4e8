import { hash, type KeyObject, sign, verify } from 'node:crypto';
import { keyedDigestOfParts, lengthPrefixed } from '../../crypto/index.ts';
import { signedDomain } from './envelope-context.ts';
import { digestBytes } from './envelope-format.ts';

const batchDomain = 'sdp-envelope-batch-v1';

/** HMAC-SHA-256 under a key that is prepared once. */
export interface MessageMac {
  /** @param body all before the signature @returns 32 bytes, as latin1 */
  sign(body: Uint8Array, context: Uint8Array): string;
  verify(body: Uint8Array, context: Uint8Array, mac: Uint8Array): boolean;
}

const bodyLength = Buffer.alloc(4);

export function messageMac(key: KeyObject): MessageMac {
  const digest = keyedDigestOfParts(key, signedDomain);
  return {
    sign: (body, context) => {
      bodyLength.writeUInt32BE(body.length);
      return digest.latin1(bodyLength, body, context);
    },
    verify: (body, context, mac) => {
      bodyLength.writeUInt32BE(body.length);
      return digest.equals(mac, bodyLength, body, context);
    },
  };
}

const contentStart = Buffer.concat([Buffer.from([0]), lengthPrefixed(signedDomain)]);
let room = Buffer.allocUnsafeSlow(8_192);

/**
 * The byte 0, then what is signed: {@link signedDomain} and the content, each behind its length; the content is the body
 * behind its length, and the context. A view of memory that the next call uses again.
 */
function leafInput(body: Uint8Array, context: Uint8Array): Buffer {
  const size = contentStart.length + 8 + body.length + context.length;
  if (room.length < size) room = Buffer.allocUnsafeSlow(2 * size);
  room.set(contentStart, 0);
  let offset = room.writeUInt32BE(4 + body.length + context.length, contentStart.length);
  offset = room.writeUInt32BE(body.length, offset);
  room.set(body, offset);
  room.set(context, offset + body.length);
  return room.subarray(0, size);
}

/** The message as a leaf of its batch's tree: leaf hash of RFC 6962, 2.1, SHA-256 of 0 and what is signed; 32 bytes as latin1. */
export function messageLeaf(body: Uint8Array, context: Uint8Array): string {
  return hash('sha256', leafInput(body, context), 'binary');
}

/** Ed25519 (RFC 8032) over one message. */
export function signMessage(privateKey: KeyObject, body: Uint8Array, context: Uint8Array): Buffer {
  return sign(null, leafInput(body, context).subarray(1), privateKey);
}

export function verifyMessage(
  publicKey: KeyObject,
  body: Uint8Array,
  context: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(null, leafInput(body, context).subarray(1), publicKey, signature);
}

/** Ed25519 over the root of a batch's tree and the number of its messages. @param root 32 bytes as latin1 */
export function signRoot(privateKey: KeyObject, root: string, count: number): Buffer {
  return sign(null, signedRoot(root, count), privateKey);
}

export function verifyRoot(publicKey: KeyObject, root: string, count: number, signature: Uint8Array): boolean {
  return verify(null, signedRoot(root, count), publicKey, signature);
}

function signedRoot(root: string, count: number): Buffer {
  const bytes = Buffer.from(root, 'latin1');
  if (bytes.length !== digestBytes) throw new RangeError('A root has 32 bytes.');
  return lengthPrefixed(batchDomain, count, bytes);
}
