import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { RejectedError } from '@sdp/shared/errors';

/**
 * Makes sure who sends, before anything of a body is read.
 *
 * @param host where the gateway listens
 * @param token that senders have to show; none is asked for where it is left out
 * @throws {RejectedError} `forbidden`, `unauthorized`
 */
export function assertSender(request: IncomingMessage, host: string, token: string | undefined): void {
  assertLocalName(request, host);
  if (token === undefined) return;
  const [, shown = ''] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  // Digests are of one length, whatever was shown.
  if (!timingSafeEqual(digestOf(shown), digestOf(token))) {
    throw new RejectedError('unauthorized', { message: 'The gateway asks for a token: Authorization: Bearer …' });
  }
}

/** Whether an address or name is that of this machine alone. */
export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** A page in a browser can make a name of its own lead to this machine; a gateway for this machine answers to no such name. */
function assertLocalName(request: IncomingMessage, host: string): void {
  if (!isLoopbackName(host)) return;
  const named = URL.parse(`http://${request.headers.host ?? ''}`)?.hostname ?? '';
  if (!isLoopbackName(named))
    throw new RejectedError('forbidden', { message: 'The gateway answers to names of this machine alone' });
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
