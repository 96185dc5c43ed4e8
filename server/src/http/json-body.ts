import { InputError, RejectedError } from '@sdp/shared/errors';
import type { Request } from 'express';
import type { z } from 'zod';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a short JSON body.
 *
 * @throws {InputError} `request-malformed`
 * @throws {RejectedError} `payload-too-large`, `media-type-unsupported`
 */
export async function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  const type = request.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  const encoding = request.get('content-encoding') ?? 'identity';
  if (type !== 'application/json' || encoding !== 'identity') {
    throw new RejectedError('media-type-unsupported', {
      message: 'The body is taken as application/json, uncompressed',
      remedy: 'Send application/json without Content-Encoding.',
    });
  }
  const bytes = await readBytes(request, maxBytes);
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch {
    // The parser's own message quotes the input.
    throw new InputError('request-malformed');
  }
}

/**
 * The body, or a query, as its schema has it.
 *
 * @throws {InputError} `request-invalid` with every field that is wrong
 */
export function parsedAs<T extends z.ZodType>(schema: T, value: unknown): z.infer<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const findings = result.error.issues.slice(0, 100).map((issue) => ({
    field: issue.path.join('.'),
    message: issue.code === 'custom' ? issue.message : 'missing, unknown or invalid',
  }));
  throw new InputError('request-invalid', { details: { findings, count: result.error.issues.length } });
}

/** Not by iteration: leaving that early would cut the connection, and the sender would never read why. */
function readBytes(request: Request, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    const settle = (result: Buffer | Error) => {
      request.off('data', onData).off('end', onEnd).off('error', onBroken).off('close', onBroken);
      if (result instanceof Error) reject(result);
      else resolve(result);
    };
    const onData = (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) settle(new RejectedError('payload-too-large'));
      else chunks.push(chunk);
    };
    const onEnd = () => settle(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
    const onBroken = () => settle(new InputError('request-malformed'));
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken);
  });
}
