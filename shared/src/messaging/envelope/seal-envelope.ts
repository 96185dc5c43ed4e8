import type { KeyObject } from 'node:crypto';
import { nonceBytes, sealBlob, tagBytes } from '../../crypto/index.ts';
import { associatedData, type EnvelopeContext, encodeContext, signedContent } from './envelope-context.ts';
import {
  aes256Gcm,
  digestBytes,
  type EnvelopeHead,
  ed25519Bytes,
  envelopeMagic,
  envelopeVersion,
  fixedHeadBytes,
  maxBatchMessages,
  maxCiphertextBytes,
  signatureCodes,
} from './envelope-format.ts';
import { leafHash, type MerklePath, merkleTree, pathLength } from './merkle-tree.ts';
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
  const algorithm = 'mac' in signer ? 'hmac-sha256' : 'ed25519';
  const { envelope, bodyBytes, content } = sealBody(sealer, message, sealedAt, algorithm, signatureSize[algorithm]);
  envelope.set('mac' in signer ? signer.mac.sign(content) : signMessage(signer.privateKey, content), bodyBytes);
  return envelope;
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
  const lengths = messages.map((_, i) => pathLength(i, messages.length));
  const sealed = messages.map((message, i) => {
    const behind = pathHeadBytes + (lengths[i] ?? 0) * digestBytes + ed25519Bytes;
    return sealBody(sealer, message, sealedAt, 'ed25519-merkle', behind);
  });
  const { root, paths } = merkleTree(sealed.map(({ content }) => leafHash(leafContent(content))));
  const signature = signRoot(signer.privateKey, root, messages.length);
  return sealed.map(({ envelope, bodyBytes }, i) => {
    const path = encodePath(paths[i] as MerklePath);
    envelope.set(path, bodyBytes);
    envelope.set(signature, bodyBytes + path.length);
    return envelope;
  });
}

interface SealedBody {
  /** The whole message with room for what stands behind the body. */
  readonly envelope: Buffer;
  readonly bodyBytes: number;
  /** What is to be signed. */
  readonly content: Buffer;
}

const signatureSize = { 'hmac-sha256': digestBytes, ed25519: ed25519Bytes } as const;
const pathHeadBytes = 9;

function sealBody(
  { keyId, key, signer }: EnvelopeSealer,
  { context, plaintext }: UnsealedMessage,
  sealedAt: Date,
  signature: EnvelopeHead['signature'],
  bytesBehind: number,
): SealedBody {
  if (plaintext.length > maxCiphertextBytes) throw new RangeError('The message is too large to be sealed.');
  const headBytes = fixedHeadBytes + 2 + keyId.length + signer.keyId.length;
  const bodyBytes = headBytes + nonceBytes + 4 + plaintext.length + tagBytes;
  const envelope = Buffer.allocUnsafe(bodyBytes + bytesBehind);
  writeHead(envelope, { signature, sealedAt, keyId, signingKeyId: signer.keyId });
  const encodedContext = encodeContext(context);
  const aad = associatedData(envelope.subarray(0, headBytes), encodedContext);
  const { nonce, sealed } = sealBlob(key, aad, plaintext);
  envelope.set(nonce, headBytes);
  envelope.writeUInt32BE(plaintext.length, headBytes + nonceBytes);
  envelope.set(sealed, headBytes + nonceBytes + 4);
  return { envelope, bodyBytes, content: signedContent(envelope.subarray(0, bodyBytes), encodedContext) };
}

function writeHead(envelope: Buffer, { signature, sealedAt, keyId, signingKeyId }: EnvelopeHead): void {
  envelopeMagic.copy(envelope, 0);
  envelope.writeUInt8(envelopeVersion, 4);
  envelope.writeUInt8(aes256Gcm, 5);
  envelope.writeUInt8(signatureCodes[signature], 6);
  envelope.writeUInt8(0, 7);
  envelope.writeBigUInt64BE(BigInt(sealedAt.getTime()), 8);
  let offset = fixedHeadBytes;
  for (const id of [keyId, signingKeyId]) {
    offset = envelope.writeUInt8(id.length, offset);
    offset += envelope.write(id, offset, 'latin1');
  }
}

function encodePath({ index, count, siblings }: MerklePath): Buffer {
  const path = Buffer.allocUnsafe(pathHeadBytes + siblings.length * digestBytes);
  path.writeUInt32BE(index, 0);
  path.writeUInt32BE(count, 4);
  path.writeUInt8(siblings.length, 8);
  for (const [i, sibling] of siblings.entries()) path.set(sibling, pathHeadBytes + i * digestBytes);
  return path;
}
