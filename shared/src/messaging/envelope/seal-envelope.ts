import type { KeyObject } from 'node:crypto';
import { sealBlob, tagBytes } from '../../crypto/index.ts';
import { associatedData, type EnvelopeContext, encodeContext, signedContent } from './envelope-context.ts';
import {
  aes256Gcm,
  digestBytes,
  type EnvelopeHead,
  envelopeMagic,
  envelopeVersion,
  fixedHeadBytes,
  maxBatchMessages,
  maxCiphertextBytes,
  signatureCodes,
} from './envelope-format.ts';
import { leafHash, type MerklePath, merkleTree } from './merkle-tree.ts';
import { leafContent, type MessageMac, signMessage, signRoot } from './message-signature.ts';

/** What signs: the algorithm goes with the key and is nobody's choice per message. */
export type EnvelopeSigner =
  | { readonly keyId: string; readonly mac: MessageMac }
  | { readonly keyId: string; readonly privateKey: KeyObject };

export interface EnvelopeSealer {
  readonly keyId: string;
  /** 32 bytes. */
  readonly key: KeyObject;
  readonly signer: EnvelopeSigner;
}

export interface UnsealedMessage {
  readonly context: EnvelopeContext;
  readonly plaintext: Uint8Array;
}

/**
 * Seals and signs one message: HMAC-SHA-256 or Ed25519, as the signer's key says.
 *
 * @throws {RangeError} if the plaintext is larger than any parser takes
 */
export function sealEnvelope(sealer: EnvelopeSealer, message: UnsealedMessage, sealedAt: Date): Buffer {
  const { signer } = sealer;
  const { body, content } = sealBody(sealer, message, sealedAt, 'mac' in signer ? 'hmac-sha256' : 'ed25519');
  const signature = 'mac' in signer ? signer.mac.sign(content) : signMessage(signer.privateKey, content);
  return Buffer.concat([body, signature]);
}

/**
 * Seals messages under one Ed25519 signature over the root of their Merkle tree (RFC 6962); each carries its path and
 * verifies alone. With an HMAC key each has its own: that is cheaper than a tree.
 *
 * @param messages 1 to 65,536
 * @throws {RangeError} if there are more or none
 */
export function sealEnvelopes(sealer: EnvelopeSealer, messages: readonly UnsealedMessage[], sealedAt: Date): Buffer[] {
  const { signer } = sealer;
  if ('mac' in signer) return messages.map((message) => sealEnvelope(sealer, message, sealedAt));
  if (messages.length > maxBatchMessages) throw new RangeError('Too many messages for one signature.');
  const bodies = messages.map((message) => sealBody(sealer, message, sealedAt, 'ed25519-merkle'));
  const { root, paths } = merkleTree(bodies.map(({ content }) => leafHash(leafContent(content))));
  const signature = signRoot(signer.privateKey, root, messages.length);
  return bodies.map(({ body }, i) => Buffer.concat([body, encodePath(paths[i] as MerklePath), signature]));
}

function sealBody(
  { keyId, key, signer }: EnvelopeSealer,
  { context, plaintext }: UnsealedMessage,
  sealedAt: Date,
  signature: EnvelopeHead['signature'],
): { body: Buffer; content: Buffer } {
  if (plaintext.length > maxCiphertextBytes) throw new RangeError('The message is too large to be sealed.');
  const head = encodeHead({ signature, sealedAt, keyId, signingKeyId: signer.keyId });
  const encodedContext = encodeContext(context);
  const { nonce, sealed } = sealBlob(key, associatedData(head, encodedContext), plaintext);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(sealed.length - tagBytes);
  const body = Buffer.concat([head, nonce, length, sealed]);
  return { body, content: signedContent(body, encodedContext) };
}

function encodeHead({ signature, sealedAt, keyId, signingKeyId }: EnvelopeHead): Buffer {
  const head = Buffer.alloc(fixedHeadBytes + 2 + keyId.length + signingKeyId.length);
  envelopeMagic.copy(head, 0);
  head.writeUInt8(envelopeVersion, 4);
  head.writeUInt8(aes256Gcm, 5);
  head.writeUInt8(signatureCodes[signature], 6);
  head.writeBigUInt64BE(BigInt(sealedAt.getTime()), 8);
  let offset = fixedHeadBytes;
  for (const id of [keyId, signingKeyId]) {
    offset = head.writeUInt8(id.length, offset);
    offset += head.write(id, offset, 'latin1');
  }
  return head;
}

function encodePath({ index, count, siblings }: MerklePath): Buffer {
  const path = Buffer.allocUnsafe(9 + siblings.length * digestBytes);
  path.writeUInt32BE(index, 0);
  path.writeUInt32BE(count, 4);
  path.writeUInt8(siblings.length, 8);
  for (const [i, sibling] of siblings.entries()) path.set(sibling, 9 + i * digestBytes);
  return path;
}
