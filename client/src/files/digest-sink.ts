import { createHash } from 'node:crypto';
import type { ByteSink } from '../csv/index.ts';

/** Passes bytes on and takes their number and SHA-256 on the way. */
export class DigestSink implements ByteSink {
  readonly #sink: ByteSink;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): Promise<void> {
    this.#bytes += chunk.length;
    const written = this.#sink.write(chunk);
    // The write runs on another thread meanwhile.
    this.#hash.update(chunk);
    return written;
  }

  /** Takes bytes into account that were passed on by an earlier run. */
  async takeIn(source: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of source) {
      this.#bytes += chunk.length;
      this.#hash.update(chunk);
    }
  }

  /** {@link digest} of what was passed on so far. */
  digestSoFar(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.#bytes, sha256: this.#hash.copy().digest('hex') };
  }

  /** Callable once, at the end. */
  digest(): { readonly bytes: number; readonly sha256: string } {
    return { bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}
