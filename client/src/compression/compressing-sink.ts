import { once } from 'node:events';
import { constants, createGzip, createZstdCompress, type Gzip, type ZstdCompress } from 'node:zlib';
import type { ByteSink } from '../csv/index.ts';
import type { Compression } from './compression.ts';

/** Bytes that go into the encoder at once, so that its output depends on the text alone and not on how it arrives. */
const blockBytes = 256 * 1024;

/**
 * Compresses what is written. {@link endFrame} closes a gzip member or zstd frame, after which all that was written can
 * be read without what follows; what is written next begins another one.
 */
export class CompressingSink implements ByteSink {
  readonly #sink: ByteSink;
  readonly #compression: Compression;
  readonly #block = Buffer.allocUnsafe(blockBytes);
  #filled = 0;
  #encoder: Gzip | ZstdCompress | undefined;
  #anyFrame = false;
  #written: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(sink: ByteSink, compression: Compression) {
    this.#sink = sink;
    this.#compression = compression;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#compression === 'none') return this.#sink.write(chunk);
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(blockBytes - this.#filled, chunk.length - at);
      this.#block.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled === blockBytes) await this.#encodeBlock();
    }
  }

  /** Brings all that was written to the sink. An output without any bytes gets an empty frame. */
  async endFrame(isLast: boolean): Promise<void> {
    if (this.#compression === 'none') return;
    if (this.#filled > 0 || (isLast && !this.#anyFrame)) await this.#encodeBlock();
    const encoder = this.#encoder;
    this.#encoder = undefined;
    if (encoder !== undefined) {
      const ended = once(encoder, 'end');
      encoder.end();
      await ended;
    }
    await this.#written;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #encodeBlock(): Promise<void> {
    this.#encoder ??= this.#newEncoder();
    this.#anyFrame = true;
    const block = this.#block.subarray(0, this.#filled);
    this.#filled = 0;
    await new Promise<void>((resolve, reject) => {
      this.#encoder?.write(block, (error) => (error ? reject(error) : resolve()));
    });
    await this.#written;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #newEncoder(): Gzip | ZstdCompress {
    const encoder =
      this.#compression === 'gzip'
        ? createGzip({ level: 6, chunkSize: blockBytes })
        : createZstdCompress({
            chunkSize: blockBytes,
            params: { [constants.ZSTD_c_compressionLevel]: 3, [constants.ZSTD_c_checksumFlag]: 1 },
          });
    encoder.on('data', (chunk: Buffer) => {
      this.#written = this.#written
        .then(() => this.#sink.write(chunk))
        .catch((error: unknown) => {
          this.#failure ??= error;
        });
    });
    return encoder;
  }
}
