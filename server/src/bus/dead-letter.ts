import type { BusMessage, DeadLetterReason, OutgoingMessage } from '@sdp/shared/messaging';

/** Headers that a dead letter has besides those of the original; its key and value are the original's, byte for byte. */
export const deadLetterHeaders = {
  code: 'x-sdp-dead-letter-code',
  attempts: 'x-sdp-dead-letter-attempts',
  topic: 'x-sdp-source-topic',
  partition: 'x-sdp-source-partition',
  offset: 'x-sdp-source-offset',
  timestamp: 'x-sdp-source-timestamp',
} as const;

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
