export type { EnvelopeContext } from './envelope-context.ts';
export {
  type EnvelopeHead,
  isKeyId,
  maxBatchMessages,
  maxCiphertextBytes,
  type SignatureAlgorithm,
} from './envelope-format.ts';
export { type MessageMac, messageMac } from './message-signature.ts';
export {
  type EnvelopeKeys,
  type EnvelopeVerifier,
  type OpenedEnvelope,
  openEnvelope,
} from './open-envelope.ts';
export { type ParsedEnvelope, parseEnvelope } from './parse-envelope.ts';
export {
  type EnvelopeSealer,
  type EnvelopeSigner,
  sealEnvelope,
  sealEnvelopes,
  type UnsealedMessage,
} from './seal-envelope.ts';
export { VerifiedBatches } from './verified-batches.ts';
