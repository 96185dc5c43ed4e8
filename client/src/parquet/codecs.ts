import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';
import type { CompressionCodec, Compressors } from 'hyparquet';

/** Codecs of pages beside Snappy, which the library brings; a page that unpacks to more than it says is refused. */
export const decompressors: Compressors = {
  GZIP: (input, outputLength) => gunzipSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  ZSTD: (input, outputLength) => zstdDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
  BROTLI: (input, outputLength) => brotliDecompressSync(input, { maxOutputLength: Math.max(1, outputLength) }),
};

export const compressors = {
  GZIP: (input: Uint8Array) => gzipSync(input),
  ZSTD: (input: Uint8Array) => zstdCompressSync(input),
  BROTLI: (input: Uint8Array) => brotliCompressSync(input, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
};

/** What a rewritten column is packed with: as it was, where that can be written. */
export function codecFor(old: CompressionCodec): CompressionCodec {
  return old in compressors || old === 'SNAPPY' || old === 'UNCOMPRESSED' ? old : 'SNAPPY';
}
