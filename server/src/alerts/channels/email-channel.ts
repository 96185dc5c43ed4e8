import { rootCertificates } from 'node:tls';
import { createTransport } from 'nodemailer';
import type { EmailChannelConfig } from '../rules/alert-config.ts';
import type { OutgoingMessage } from '../rules/notice.ts';
import type { Outcome } from '../rules/retry-rules.ts';
import type { Channel } from './channel.ts';
import { emailBody } from './email-body-rules.ts';

/**
 * Sends by SMTP. Every attempt at a message has the same Message-ID, by which mail servers and programs tell repeats.
 *
 * @param password of `config.user`, where there is one
 * @param authorities that are trusted beside the system's, in PEM
 */
export function createEmailChannel(
  config: EmailChannelConfig,
  password: string | undefined,
  authorities: string | undefined,
): Channel {
  const { name, host, port, tls, user, from, to, timeoutMs } = config;
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    ...(user !== undefined && password !== undefined && { auth: { user, pass: password } }),
    ...(authorities !== undefined && { tls: { ca: [...rootCertificates, authorities] } }),
    pool: true,
    maxConnections: Math.min(config.maxInFlight, 4),
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    // Nothing of a message is read from files or addresses.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  /** Mailboxes that were asked to be tried later, by message: the others have it. */
  const left = new Map<string, readonly string[]>();
  const domain = /@([^\s<>@]+?)>?$/.exec(from)?.[1] ?? 'sdp.invalid';
  return {
    name,
    send: async (message: OutgoingMessage): Promise<Outcome> => {
      const { messageId, createdAt, notice } = message;
      const { incident } = notice;
      const mailboxes = left.get(messageId) ?? to;
      try {
        const { rejectedErrors = [] } = await transport.sendMail({
          ...emailBody(message),
          from,
          to: [...to],
          envelope: { from, to: [...mailboxes] },
          date: createdAt,
          messageId: `<${messageId}@${domain}>`,
          // What is said of the same later is shown below it.
          ...(incident !== messageId && {
            inReplyTo: `<${incident}@${domain}>`,
            references: `<${incident}@${domain}>`,
          }),
          headers: { 'Auto-Submitted': 'auto-generated', 'X-SDP-Message-Id': messageId },
        });
        // One mailbox that is refused for good must not keep the message from the others: it counts as sent if anybody got it.
        const later = rejectedErrors.flatMap((error) => {
          const { recipient, responseCode } = error as { readonly recipient?: string; readonly responseCode?: number };
          return recipient !== undefined && isForNow(responseCode) ? [recipient] : [];
        });
        left.delete(messageId);
        if (later.length === 0) return { kind: 'sent' };
        if (left.size >= maxLeft) left.clear();
        left.set(messageId, later);
        return { kind: 'retry', reason: 'smtp-mailbox-later' };
      } catch (error) {
        const outcome = outcomeOf(error);
        // The others have it.
        if (outcome.kind === 'refused' && !outcome.isUnauthorized && left.delete(messageId)) return { kind: 'sent' };
        return outcome;
      }
    },
    close: async () => transport.close(),
  };
}

/** More messages than may wait on a channel. Of those that are forgotten all mailboxes get them once more. */
const maxLeft = 1_000;

const isForNow = (responseCode: number | undefined) =>
  responseCode !== undefined && responseCode >= 400 && responseCode < 500;

/** By the class of the server's answer (RFC 5321, 4.2.1): 4xx may pass, 5xx doesn't. Its text names mailboxes and is left out. */
function outcomeOf(error: unknown): Outcome {
  const { code, responseCode } = error as { readonly code?: string; readonly responseCode?: number };
  // Without encryption nothing was refused: nothing was offered.
  if (code === 'ETLS') return { kind: 'retry', reason: 'tls' };
  if (code === 'EAUTH' && !isForNow(responseCode)) {
    return { kind: 'refused', reason: `smtp-${responseCode ?? 'auth'}`, isUnauthorized: true };
  }
  if (responseCode !== undefined && responseCode >= 500) return { kind: 'refused', reason: `smtp-${responseCode}` };
  if (isForNow(responseCode)) return { kind: 'retry', reason: `smtp-${responseCode}` };
  if (code === 'ETIMEDOUT') return { kind: 'retry', reason: 'timeout' };
  if (code === 'EDNS') return { kind: 'retry', reason: 'name-not-found' };
  return { kind: 'retry', reason: 'connection-lost' };
}
