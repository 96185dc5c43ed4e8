import { type BusMessage, type DeadLetterReason, deadLetterHeaders, type OutgoingMessage } from '@sdp/shared/messaging';

export function toDeadLetter(message: BusMessage, reason: DeadLetterReason): OutgoingMessage {
  return {
    key: message.key,
    value: message.value,
    headers: { ...message.headers, ...reasonHeaders(message, reason) },
  };
}

/**
 * A dead letter that only says where the original lies: for one that has become larger than the bus takes by the headers that
 * a dead letter adds. A message that can't be buried would hold up its partition for ever.
 */
export function toDeadLetterWithoutContent(message: BusMessage, reason: DeadLetterReason): OutgoingMessage {
  const headers = { ...reasonHeaders(message, reason), [deadLetterHeaders.leftOut]: 'key, value, headers' };
  return { key: '', value: new Uint8Array(0), headers };
}

function reasonHeaders(message: BusMessage, reason: DeadLetterReason): Record<string, string> {
  return {
    [deadLetterHeaders.code]: reason.code,
    [deadLetterHeaders.attempts]: String(reason.attempts),
    [deadLetterHeaders.topic]: message.topic,
    [deadLetterHeaders.partition]: String(message.partition),
    [deadLetterHeaders.offset]: String(message.offset),
    [deadLetterHeaders.timestamp]: message.timestamp.toISOString(),
  };
}
