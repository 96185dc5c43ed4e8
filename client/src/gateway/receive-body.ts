import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { constants, gunzip, zstdDecompress } from 'node:zlib';
import { InputError, RejectedError } from '@sdp/shared/errors';

const unpack = { gzip: promisify(gunzip), zstd: promisify(zstdDecompress) } as const;

/**
 * The whole body of a request, unpacked, within a bound before and after.
 *
 * @throws {RejectedError} `payload-too-large`, `media-type-unsupported`
 * @throws {InputError} `request-malformed` for what does not unpack
 */
export async function receiveBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip' && encoding !== 'zstd') {
    throw new RejectedError('media-type-unsupported', {
      message: 'The body is compressed in a way that is not known here',
    });
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk as Buffer);
  }
  const body = Buffer.concat(chunks);
  if (encoding === 'identity' || body.length === 0) return body;
  try {
    return encoding === 'gzip'
      ? await unpack.gzip(body, { maxOutputLength: maxBytes })
      : await unpack.zstd(body, { maxOutputLength: maxBytes, params: { [constants.ZSTD_d_windowLogMax]: 27 } });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new InputError('request-malformed', { message: 'The body does not unpack' });
  }
}

function tooLarge(): RejectedError {
  return new RejectedError('payload-too-large', { message: 'The body is larger than the gateway takes' });
}
