import type { KeyObject } from 'node:crypto';
import { openBlob } from '../../crypto/index.ts';
import { IntegrityError } from '../../errors/index.ts';
import { associatedData, type EnvelopeContext, encodeContext, signedContent } from './envelope-context.ts';
import type { EnvelopeHead } from './envelope-format.ts';
import { leafHash, rootOfPath } from './merkle-tree.ts';
import { leafContent, type MessageMac, verifyMessage, verifyRoot } from './message-signature.ts';
import { type ParsedEnvelope, parseEnvelope } from './parse-envelope.ts';

/** What verifies. A key verifies the algorithm it was made for and no other. */
export type EnvelopeVerifier = ({ readonly mac: MessageMac } | { readonly publicKey: KeyObject }) & {
  /** Whose key it is. */
  readonly party: string;
};

/** Where keys are found by their ids; `undefined` for those that are unknown or retired. */
export interface EnvelopeKeys {
  verifier(signingKeyId: string): EnvelopeVerifier | undefined;
  decryptionKey(keyId: string): KeyObject | undefined;
}

export interface OpenedEnvelope extends EnvelopeHead {
  readonly plaintext: Buffer;
  /** Whose signature it bears. */
  readonly party: string;
}

/** Roots whose signature was found good: a batch's messages bear one and the same. */
export interface VerifiedRoots {
  has(id: string): boolean;
  add(id: string): void;
}

/**
 * Verifies the signature, then opens the message. Whatever the context says otherwise than when it was sealed shows as a
 * wrong signature.
 *
 * @param roots spares the signature check of a batch's further messages
 * @throws {IntegrityError} `message-plaintext`, `message-unsigned`, `message-malformed`, `message-key-unknown` or
 *   `message-tampered`
 */
export function openEnvelope(
  keys: EnvelopeKeys,
  context: EnvelopeContext,
  bytes: Uint8Array,
  roots?: VerifiedRoots,
): OpenedEnvelope {
  const envelope = parseEnvelope(bytes);
  const verifier = keys.verifier(envelope.signingKeyId);
  const key = keys.decryptionKey(envelope.keyId);
  if (verifier === undefined || key === undefined) throw new IntegrityError('message-key-unknown');
  const encodedContext = encodeContext(context);
  if (!isSigned(envelope, encodedContext, verifier, roots)) throw new IntegrityError('message-tampered');
  const { head, nonce, sealed, signature, sealedAt, keyId, signingKeyId } = envelope;
  const plaintext = openBlob(key, associatedData(head, encodedContext), { nonce, sealed });
  if (plaintext === undefined) throw new IntegrityError('message-tampered');
  return { plaintext, party: verifier.party, signature, sealedAt, keyId, signingKeyId };
}

function isSigned(
  envelope: ParsedEnvelope,
  encodedContext: Uint8Array,
  verifier: EnvelopeVerifier,
  roots: VerifiedRoots | undefined,
): boolean {
  const content = signedContent(envelope.body, encodedContext);
  const { signature, signatureBytes } = envelope;
  if ('mac' in verifier) return signature === 'hmac-sha256' && verifier.mac.verify(content, signatureBytes);
  if (signature === 'ed25519') return verifyMessage(verifier.publicKey, content, signatureBytes);
  if (envelope.path === undefined) return false;
  const root = rootOfPath(leafHash(leafContent(content)), envelope.path);
  if (root === undefined) return false;
  const { count } = envelope.path;
  const id = `${envelope.signingKeyId}:${count}:${hex(root)}:${hex(signatureBytes)}`;
  if (roots?.has(id)) return true;
  if (!verifyRoot(verifier.publicKey, root, count, signatureBytes)) return false;
  roots?.add(id);
  return true;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}
