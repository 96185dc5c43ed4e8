import { InputError, RejectedError } from '@sdp/shared/errors';
import type { Request } from 'express';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a JSON body.
 *
 * @throws {InputError} `request-malformed`
 * @throws {RejectedError} `payload-too-large`, `media-type-unsupported`
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  const encoding = request.get('content-encoding') ?? 'identity';
  if (type !== 'application/json' || encoding !== 'identity') {
    throw new RejectedError('media-type-unsupported', {
      message: 'Transactions are taken as application/json, uncompressed',
    });
  }
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new RejectedError('payload-too-large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(utf8.decode(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))) as unknown;
  } catch {
    // The parser's own message quotes the input.
    throw new InputError('request-malformed');
  }
}
