import type { Readable, Transform } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { RejectedError, SdpError, UnavailableError } from '@sdp/shared/errors';
import { malformed } from './record-sink.ts';

export const contentEncodings = ['gzip', 'zstd'] as const;
export type ContentEncoding = (typeof contentEncodings)[number] | 'identity';

const chunkBytes = 256 * 1_024;
/** A zstd frame says how much memory its window takes: 2^23 bytes, what every decoder has to offer (RFC 8878, 3.1.1.1.2). */
const zstdWindowLogMax = 23;

export interface BodyOptions {
  readonly encoding: ContentEncoding;
  /** After decompression: a small body may unpack to anything. */
  readonly maxBytes: number;
  /** Sees every piece of the uncompressed body. */
  readonly onBytes?: ((chunk: Uint8Array) => void) | undefined;
}

/**
 * The body's bytes, unpacked, as they come in.
 *
 * @throws {RejectedError} `payload-too-large`
 * @throws {InputError} `request-malformed` when the compressed data is damaged or ends too early
 * @throws {UnavailableError} `server-busy` when the sender is gone: nobody reads that
 */
export async function* bodyBytes(request: Readable, options: BodyOptions): AsyncGenerator<Uint8Array> {
  const { encoding, maxBytes, onBytes } = options;
  let total = 0;
  try {
    for await (const chunk of encoding === 'identity' ? kept(request) : unpack(request, encoding)) {
      total += (chunk as Uint8Array).length;
      if (total > maxBytes) throw new RejectedError('payload-too-large');
      onBytes?.(chunk as Uint8Array);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if (error instanceof SdpError) throw error;
    if (request.readableAborted || request.errored) {
      throw new UnavailableError('server-busy', { message: 'The upload ended before its body did' });
    }
    throw malformed({ message: 'The compressed body is damaged or incomplete' });
  }
}

/** Left open when reading stops early: the request is still to be answered, on the same socket. */
function kept(request: Readable): AsyncIterable<Uint8Array> {
  return request.iterator({ destroyOnReturn: false });
}

function unpack(request: Readable, encoding: 'gzip' | 'zstd'): Transform {
  const unpacker =
    encoding === 'gzip'
      ? createGunzip({ chunkSize: chunkBytes })
      : createZstdDecompress({ chunkSize: chunkBytes, params: { [constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } });
  // Not `pipeline`, which would destroy the request together with the unpacker.
  const giveUp = () => {
    if (!request.readableEnded) unpacker.destroy(new Error('the body ended early'));
  };
  request.once('close', giveUp).once('error', giveUp);
  return request.pipe(unpacker);
}
