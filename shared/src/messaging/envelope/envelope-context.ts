import { lengthPrefixed } from '../../crypto/index.ts';

/** Where a sealed message belongs. It travels outside of the envelope (topic, key, headers) and is bound to it. */
export interface EnvelopeContext {
  readonly topic: string;
  readonly key: string;
  /** Contract and version of the payload, such as `payment.v2`. */
  readonly schemaId: string;
  readonly eventId: string;
  readonly tenant: string;
  /** Of an operator's replay: the event that it repeats. */
  readonly replayOf?: string;
}

const aadDomain = 'sdp-envelope-v1';
const signatureDomain = 'sdp-envelope-signature-v1';

/** The context's six texts, length-prefixed; a message that is no replay has an empty sixth. */
export function encodeContext(context: EnvelopeContext): Buffer {
  const { topic, key, schemaId, eventId, tenant, replayOf = '' } = context;
  return lengthPrefixed(topic, key, schemaId, eventId, tenant, replayOf);
}

/** Associated data of AES-GCM: all before the nonce, and the context. */
export function associatedData(head: Uint8Array, encodedContext: Uint8Array): Buffer {
  return prefixed(aadStart, head, encodedContext);
}

/**
 * What is signed, or is a leaf of the batch's tree: all before the signature, and the context. HMAC and Ed25519 put
 * {@link signedDomain} and this behind one another, each with its length.
 */
export function signedContent(body: Uint8Array, encodedContext: Uint8Array): Buffer {
  return prefixed(noStart, body, encodedContext);
}

const aadStart = lengthPrefixed(aadDomain);
const noStart = new Uint8Array(0);

/** `start`, one part behind its length, `end`: what joining length-prefixed lists gives, with one copy. */
function prefixed(start: Uint8Array, part: Uint8Array, end: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(start.length + 4 + part.length + end.length);
  out.set(start, 0);
  out.writeUInt32BE(part.length, start.length);
  out.set(part, start.length + 4);
  out.set(end, start.length + 4 + part.length);
  return out;
}

export const signedDomain = signatureDomain;
