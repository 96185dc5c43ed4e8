import { IntegrityError } from '../errors/index.ts';
import type { BusMessage } from './bus-port.ts';
import { parseSchemaId } from './contracts/index.ts';
import type { EnvelopeContext } from './envelope/index.ts';

/** Headers of a sealed message. All are bound to the envelope; others, such as the trace's, are not. */
export const messageHeaders = {
  eventId: 'x-sdp-event-id',
  schema: 'x-sdp-schema',
  tenant: 'x-sdp-tenant',
  replayOf: 'x-sdp-replay-of',
} as const;

/** Headers that a dead letter has besides those of the original; its key and value are the original's, byte for byte. */
export const deadLetterHeaders = {
  code: 'x-sdp-dead-letter-code',
  attempts: 'x-sdp-dead-letter-attempts',
  topic: 'x-sdp-source-topic',
  partition: 'x-sdp-source-partition',
  offset: 'x-sdp-source-offset',
  timestamp: 'x-sdp-source-timestamp',
  /** There where the original was too large to be kept here: it lies in its topic as long as that keeps it. */
  leftOut: 'x-sdp-dead-letter-left-out',
} as const;

const namePattern = /^[\x21-\x7e]{1,200}$/;

/** Whether the text can be an event id or a tenant: 1 to 200 visible ASCII characters. */
export function isMessageName(text: string): boolean {
  return namePattern.test(text);
}

export function writeContext({ eventId, schemaId, tenant, replayOf }: EnvelopeContext): Record<string, string> {
  const headers: Record<string, string> = {
    [messageHeaders.eventId]: eventId,
    [messageHeaders.schema]: schemaId,
    [messageHeaders.tenant]: tenant,
  };
  if (replayOf !== undefined) headers[messageHeaders.replayOf] = replayOf;
  return headers;
}

/**
 * Where a message claims to belong, taken from its headers; only opening it tells whether that is so.
 *
 * @throws {IntegrityError} `message-malformed` for headers that are missing or not of their form
 */
export function readContext({ topic, key, headers }: Pick<BusMessage, 'topic' | 'key' | 'headers'>): EnvelopeContext {
  const eventId = headers[messageHeaders.eventId] ?? '';
  const schemaId = headers[messageHeaders.schema] ?? '';
  const tenant = headers[messageHeaders.tenant] ?? '';
  const replayOf = headers[messageHeaders.replayOf];
  const areNames =
    isMessageName(eventId) && isMessageName(tenant) && (replayOf === undefined || isMessageName(replayOf));
  if (!areNames || parseSchemaId(schemaId) === undefined) throw new IntegrityError('message-malformed');
  const context = { topic, key, eventId, schemaId, tenant };
  return replayOf === undefined ? context : { ...context, replayOf };
}
