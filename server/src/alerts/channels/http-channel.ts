import { Agent, request } from 'undici';
import type { OutgoingMessage } from '../rules/notice.ts';
import { type Outcome, outcomeOfStatus } from '../rules/retry-rules.ts';
import type { Channel } from './channel.ts';
import { isPrivateLiteral, publicLookup } from './public-address.ts';

export interface HttpChannelOptions {
  readonly name: string;
  /** May be a secret. */
  readonly url: string;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
  readonly allowPrivateAddresses: boolean;
  readonly bodyOf: (message: OutgoingMessage) => object;
  readonly headersOf?: (message: OutgoingMessage, body: string) => Readonly<Record<string, string>>;
}

/** So much of an answer is read; the rest only says the same at greater length. */
const maxAnswerBytes = 16_384;

/** Posts JSON. Redirects are not followed: they would lead to an address that nobody configured. */
export function createHttpChannel(options: HttpChannelOptions): Channel {
  const { name, timeoutMs, allowPrivateAddresses, bodyOf, headersOf } = options;
  const url = new URL(options.url);
  const agent = new Agent({
    connections: options.maxInFlight,
    connect: { timeout: timeoutMs, ...(!allowPrivateAddresses && { lookup: publicLookup }) },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 10_000,
  });
  return {
    name,
    send: async (message) => {
      if (!allowPrivateAddresses && isPrivateLiteral(url)) return { kind: 'refused', reason: 'private-address' };
      const body = JSON.stringify(bodyOf(message));
      try {
        const answer = await request(url, {
          method: 'POST',
          dispatcher: agent,
          // Of the whole exchange: each byte of a slow answer would start the other timeouts anew.
          signal: AbortSignal.timeout(timeoutMs),
          headers: {
            'content-type': 'application/json',
            'user-agent': 'sdp-alerts',
            'idempotency-key': message.messageId,
            ...headersOf?.(message, body),
          },
          body,
        });
        const isTaken = answer.statusCode >= 200 && answer.statusCode < 300;
        // Whoever took the message may take his time to say so at length: it is not sent again over that.
        if (isTaken) void answer.body.dump({ limit: maxAnswerBytes }).catch(() => undefined);
        const text = isTaken ? '' : await readSome(answer.body);
        return outcomeOfStatus(answer.statusCode, answer.headers, text, new Date());
      } catch (error) {
        return failed(error);
      }
    },
    close: () => agent.destroy(),
  };
}

async function readSome(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxAnswerBytes) break;
    }
  } catch {
    // The status and the headers say enough.
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, maxAnswerBytes);
}

/** A short word of a closed list: an error's own message names addresses, and those are secrets here. */
function failed(error: unknown): Outcome {
  const { name, code } = error as { readonly name?: string; readonly code?: string };
  if (code === 'private-address') return { kind: 'refused', reason: 'private-address' };
  if (name === 'TimeoutError' || code?.includes('TIMEOUT') || code === 'ETIMEDOUT') {
    return { kind: 'retry', reason: 'timeout' };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { kind: 'retry', reason: 'name-not-found' };
  if (code === 'ECONNREFUSED') return { kind: 'retry', reason: 'connection-refused' };
  if (code !== undefined && /CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) return { kind: 'retry', reason: 'tls' };
  return { kind: 'retry', reason: 'connection-lost' };
}
