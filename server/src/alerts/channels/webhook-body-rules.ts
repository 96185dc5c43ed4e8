import { createHmac } from 'node:crypto';
import type { OutgoingMessage } from '../rules/notice.ts';

/** The body of a generic webhook, in the envelope of Standard Webhooks: what happened, when, and the data. */
export function webhookBody({ messageId, createdAt, notice }: OutgoingMessage): object {
  return {
    type: `sdp.${notice.kind === 'summary' ? 'alerts' : notice.kind}`,
    timestamp: createdAt.toISOString(),
    data: { message_id: messageId, ...notice },
  };
}

/**
 * Headers by which a receiver tells who sent a body, that it is fresh, and repeats.
 * Source: Standard Webhooks 1.0.0, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param secret base64, with or without `whsec_` before it
 */
export function signedHeaders(
  { messageId, body, secret }: { readonly messageId: string; readonly body: string; readonly secret: string },
  now: Date,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now.getTime() / 1_000));
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signature = createHmac('sha256', key).update(`${messageId}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': messageId, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
