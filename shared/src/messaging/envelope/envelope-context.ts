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

export const signedDomain = 'sdp-envelope-signature-v1';
const aadStart = lengthPrefixed('sdp-envelope-v1');

/** What a message is bound by; views of memory that the next call uses again. */
export interface Binding {
  /** Associated data of AES-GCM: all before the nonce, and the context. */
  readonly aad: Uint8Array;
  /** The context's six texts, length-prefixed; a message that is no replay has an empty sixth. */
  readonly context: Uint8Array;
}

let room = Buffer.allocUnsafeSlow(4_096);

/** Binds what stands before the nonce to the place where the message belongs. */
export function bind(
  head: Uint8Array,
  { topic, key, schemaId, eventId, tenant, replayOf = '' }: EnvelopeContext,
): Binding {
  const texts = topic.length + key.length + schemaId.length + eventId.length + tenant.length + replayOf.length;
  // UTF-8 takes at most three bytes for a UTF-16 unit.
  const worst = aadStart.length + 4 + head.length + 6 * 4 + 3 * texts;
  if (room.length < worst) room = Buffer.allocUnsafeSlow(2 * worst);
  room.set(aadStart, 0);
  let offset = room.writeUInt32BE(head.length, aadStart.length);
  room.set(head, offset);
  offset += head.length;
  const start = offset;
  offset = writeText(topic, offset);
  offset = writeText(key, offset);
  offset = writeText(schemaId, offset);
  offset = writeText(eventId, offset);
  offset = writeText(tenant, offset);
  offset = writeText(replayOf, offset);
  const { buffer } = room;
  return { aad: new Uint8Array(buffer, 0, offset), context: new Uint8Array(buffer, start, offset - start) };
}

function writeText(text: string, offset: number): number {
  const length = room.write(text, offset + 4, 'utf8');
  room.writeUInt32BE(length, offset);
  return offset + 4 + length;
}
