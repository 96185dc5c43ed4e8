import type { KeyObject } from 'node:crypto';
import { openBlob } from '../../crypto/index.ts';
import { IntegrityError } from '../../errors/index.ts';
import { type Binding, bind, type EnvelopeContext } from './envelope-context.ts';
import type { EnvelopeHead } from './envelope-format.ts';
import { leadsToRoot, type MerklePath, rootOfPath } from './merkle-tree.ts';
import { type MessageMac, messageLeaf, verifyMessage, verifyRoot } from './message-signature.ts';
import { type ParsedEnvelope, parseEnvelope } from './parse-envelope.ts';
import { VerifiedBatches } from './verified-batches.ts';

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

/**
 * Verifies the signature, then opens the message. Whatever the context says otherwise than when it was sealed shows as a
 * wrong signature.
 *
 * @param batches spares the signature check of a batch's further messages
 * @throws {IntegrityError} `message-plaintext`, `message-unsigned`, `message-malformed`, `message-key-unknown` or
 *   `message-tampered`
 */
export function openEnvelope(
  keys: EnvelopeKeys,
  context: EnvelopeContext,
  bytes: Uint8Array,
  batches: VerifiedBatches = new VerifiedBatches(),
): OpenedEnvelope {
  const envelope = parseEnvelope(bytes);
  const verifier = keys.verifier(envelope.signingKeyId);
  const key = keys.decryptionKey(envelope.keyId);
  if (verifier === undefined || key === undefined) throw new IntegrityError('message-key-unknown');
  const { head, nonce, sealed, signature, sealedAt, keyId, signingKeyId } = envelope;
  const binding = bind(head, context);
  if (!isSigned(envelope, binding, verifier, batches)) throw new IntegrityError('message-tampered');
  const plaintext = openBlob(key, binding.aad, { nonce, sealed });
  if (plaintext === undefined) throw new IntegrityError('message-tampered');
  return { plaintext, party: verifier.party, signature, sealedAt, keyId, signingKeyId };
}

function isSigned(
  envelope: ParsedEnvelope,
  { context }: Binding,
  verifier: EnvelopeVerifier,
  batches: VerifiedBatches,
): boolean {
  const { signature, signatureBytes, body, path } = envelope;
  if ('mac' in verifier) return signature === 'hmac-sha256' && verifier.mac.verify(body, context, signatureBytes);
  if (signature === 'ed25519') return verifyMessage(verifier.publicKey, body, context, signatureBytes);
  return path !== undefined && isOfBatch(messageLeaf(body, context), path, envelope, verifier.publicKey, batches);
}

function isOfBatch(
  leaf: string,
  path: MerklePath,
  { signingKeyId, signatureBytes }: ParsedEnvelope,
  publicKey: KeyObject,
  batches: VerifiedBatches,
): boolean {
  const known = batches.find(signingKeyId, path.count, signatureBytes);
  if (known !== undefined) return leadsToRoot(leaf, path, known);
  const root = rootOfPath(leaf, path);
  if (root === undefined || !verifyRoot(publicKey, root, path.count, signatureBytes)) return false;
  return leadsToRoot(leaf, path, batches.add(signingKeyId, path.count, signatureBytes, root));
}
