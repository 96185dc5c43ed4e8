import type { KeyObject } from 'node:crypto';
import { nonceBytes, sealBlobInto, tagBytes } from '../../crypto/index.ts';
import { bind, type EnvelopeContext } from './envelope-context.ts';
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
import { merkleTree, pathLength } from './merkle-tree.ts';
import { type MessageMac, messageLeaf, signMessage, signRoot } from './message-signature.ts';

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
  const { envelope, body, context } = sealBody(sealer, message, sealedAt, algorithm, signatureSize[algorithm]);
  if ('mac' in signer) envelope.write(signer.mac.sign(body, context), body.length, 'latin1');
  else envelope.set(signMessage(signer.privateKey, body, context), body.length);
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
  const leaves: string[] = [];
  const sealed = messages.map((message, i) => {
    const behind = pathHeadBytes + pathLength(i, messages.length) * digestBytes + ed25519Bytes;
    const { envelope, body, context } = sealBody(sealer, message, sealedAt, 'ed25519-merkle', behind);
    leaves.push(messageLeaf(body, context));
    return { envelope, bodyBytes: body.length };
  });
  const { root, siblingsOf } = merkleTree(leaves);
  const signature = signRoot(signer.privateKey, root, messages.length);
  return sealed.map(({ envelope, bodyBytes }, i) => {
    const end = writePath(envelope, bodyBytes, i, messages.length, siblingsOf(i));
    envelope.set(signature, end);
    return envelope;
  });
}

interface SealedBody {
  /** The whole message with room for what stands behind the body. */
  readonly envelope: Buffer;
  /** All before the signature, or the path. */
  readonly body: Buffer;
  /** Encoded; a view that holds until the next message is sealed. */
  readonly context: Uint8Array;
}

const signatureSize = { 'hmac-sha256': digestBytes, ed25519: ed25519Bytes } as const;
const pathHeadBytes = 9;

function sealBody(
  { keyId, key, signer }: EnvelopeSealer,
  message: UnsealedMessage,
  sealedAt: Date,
  signature: EnvelopeHead['signature'],
  bytesBehind: number,
): SealedBody {
  const { plaintext } = message;
  if (plaintext.length > maxCiphertextBytes) throw new RangeError('The message is too large to be sealed.');
  const headBytes = fixedHeadBytes + 2 + keyId.length + signer.keyId.length;
  const bodyBytes = headBytes + nonceBytes + 4 + plaintext.length + tagBytes;
  const envelope = Buffer.allocUnsafe(bodyBytes + bytesBehind);
  writeHead(envelope, { signature, sealedAt, keyId, signingKeyId: signer.keyId });
  const { aad, context } = bind(envelope.subarray(0, headBytes), message.context);
  const ciphertextAt = envelope.writeUInt32BE(plaintext.length, headBytes + nonceBytes);
  sealBlobInto(key, aad, plaintext, { bytes: envelope, nonceAt: headBytes, sealedAt: ciphertextAt });
  return { envelope, body: envelope.subarray(0, bodyBytes), context };
}

function writeHead(envelope: Buffer, { signature, sealedAt, keyId, signingKeyId }: EnvelopeHead): void {
  envelopeMagic.copy(envelope, 0);
  envelope.writeUInt8(envelopeVersion, 4);
  envelope.writeUInt8(aes256Gcm, 5);
  envelope.writeUInt8(signatureCodes[signature], 6);
  envelope.writeUInt8(0, 7);
  const ms = sealedAt.getTime();
  envelope.writeUInt32BE(Math.floor(ms / 2 ** 32), 8);
  envelope.writeUInt32BE(ms % 2 ** 32, 12);
  let offset = fixedHeadBytes;
  for (const id of [keyId, signingKeyId]) {
    offset = envelope.writeUInt8(id.length, offset);
    offset += envelope.write(id, offset, 'latin1');
  }
}

/** @returns where the path ends */
function writePath(envelope: Buffer, at: number, index: number, count: number, siblings: readonly string[]): number {
  let offset = envelope.writeUInt32BE(index, at);
  offset = envelope.writeUInt32BE(count, offset);
  offset = envelope.writeUInt8(siblings.length, offset);
  for (const sibling of siblings) offset += envelope.write(sibling, offset, 'latin1');
  return offset;
}
