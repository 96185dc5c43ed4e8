import { readContext } from '@sdp/shared/messaging';
import type { PublishedMessage } from '../bus/index.ts';
import type { SecureParts } from './open-messaging.ts';

/** Tells audit trail and metrics of messages that went out by way of a table of ours. */
export function noteSent({ audit, metrics, security }: SecureParts, messages: readonly PublishedMessage[]): void {
  const at = new Date();
  for (const [topic, own] of Map.groupBy(messages, (message) => message.topic)) {
    const bytes = own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    metrics.sent(topic, own.length, bytes);
  }
  for (const message of messages) {
    const context = contextOf(message);
    if (context === undefined) continue;
    const { topic, eventId, schemaId, tenant } = context;
    // What can't be written now is no ground to send it again: the message is out.
    void Promise.resolve(
      audit.record({ action: 'sent', at, topic, eventId, schemaId, tenant, party: security.keys.party }),
    ).catch(() => undefined);
  }
}

/** A row that an older version left has none. */
function contextOf(message: PublishedMessage) {
  try {
    return readContext(message);
  } catch {
    return undefined;
  }
}
