import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { InputError, SdpError } from '@sdp/shared/errors';
import type { ByteSource } from '../csv/index.ts';
import type { Compression } from './compression.ts';
import { ZstdFrameCutter } from './zstd-frames.ts';

const chunkSize = 256 * 1024;

/**
 * What was compressed, as a stream: several gzip members or zstd frames one behind the other are one text (RFC 1952,
 * section 2.2; RFC 8878, section 3.1). However much comes out, only chunks of it are in memory.
 *
 * @throws {InputError} from the iteration: `compression-invalid` for damaged, cut-off or foreign bytes
 */
export function decompress(source: ByteSource, compression: Compression): ByteSource {
  if (compression === 'gzip') return gunzipped(source);
  return compression === 'zstd' ? unpackedFrames(source) : source;
}

async function* gunzipped(source: ByteSource): AsyncGenerator<Uint8Array> {
  let total = 0;
  let lastNonZero = -1;
  const copies = (async function* () {
    for await (const chunk of source) {
      const at = chunk.findLastIndex((byte) => byte !== 0);
      if (at >= 0) lastNonZero = total + at;
      total += chunk.length;
      // The source may reuse its chunk while the stream still holds it.
      yield Buffer.from(chunk);
    }
  })();
  const gunzip = createGunzip({ chunkSize });
  yield* through(copies, gunzip);
  // Padding with zeros is usual on tapes. Whatever else stands behind it would have been left out without a word.
  if (lastNonZero >= gunzip.bytesWritten) throw damaged();
}

async function* unpackedFrames(source: ByteSource): AsyncGenerator<Uint8Array> {
  const cutter = new ZstdFrameCutter();
  const parts = (async function* () {
    for await (const chunk of source) yield* cutter.cut(Buffer.from(chunk));
  })();
  try {
    for (let next = await parts.next(); !next.done; next = await parts.next()) {
      let part = next.value;
      const frame = (async function* () {
        for (;;) {
          yield part.bytes;
          if (part.endsFrame) return;
          const more = await parts.next();
          if (more.done) return;
          part = more.value;
        }
      })();
      yield* through(frame, createZstdDecompress({ chunkSize }));
    }
    if (!cutter.isComplete) throw damaged();
  } finally {
    await parts.return(undefined);
  }
}

async function* through(source: AsyncIterable<Uint8Array>, decoder: Transform): AsyncGenerator<Uint8Array> {
  // The callback keeps errors of the source from being thrown twice; they reach the reader all the same.
  const plain = pipeline(Readable.from(source, { objectMode: false }), decoder, () => undefined);
  try {
    for await (const chunk of plain) yield chunk as Buffer;
  } catch (error) {
    throw isDamage(error) ? damaged() : error;
  }
}

function isDamage(error: unknown): boolean {
  if (error instanceof SdpError) return false;
  const { code = '' } = error as NodeJS.ErrnoException;
  return /^(Z_|ZSTD_|ERR_ZSTD)/.test(code);
}

function damaged(): InputError {
  return new InputError('compression-invalid');
}
