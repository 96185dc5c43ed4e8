import { type BusMessage, type DeadLetterReason, deadLetterHeaders, type OutgoingMessage } from '@sdp/shared/messaging';

export function toDeadLetter(message: BusMessage, reason: DeadLetterReason): OutgoingMessage {
  return {
    key: message.key,
    value: message.value,
    headers: {
      ...message.headers,
      [deadLetterHeaders.code]: reason.code,
      [deadLetterHeaders.attempts]: String(reason.attempts),
      [deadLetterHeaders.topic]: message.topic,
      [deadLetterHeaders.partition]: String(message.partition),
      [deadLetterHeaders.offset]: String(message.offset),
      [deadLetterHeaders.timestamp]: message.timestamp.toISOString(),
    },
  };
}
