import type { ByteSink } from './csv-types.ts';

/** Up to this many bytes a loop is faster than a call into native code. */
const shortSpan = 48;

/**
 * Collects output and hands it to a sink in large chunks. Two buffers take turns, so that one fills while the other is
 * being written.
 */
export class OutputBuffer {
  bytes: Buffer;
  length = 0;
  /** Bytes handed to the sink so far. */
  flushedBytes = 0;
  #spare: Buffer;
  #writing: Promise<void> = Promise.resolve();
  readonly #sink: ByteSink;
  readonly #flushBytes: number;

  constructor(sink: ByteSink, flushBytes = 1 << 20) {
    this.#sink = sink;
    this.#flushBytes = flushBytes;
    this.bytes = Buffer.allocUnsafe(flushBytes + (flushBytes >> 2));
    this.#spare = Buffer.allocUnsafe(this.bytes.length);
  }

  /** Whether enough has been collected to be handed over. */
  get isFull(): boolean {
    return this.length >= this.#flushBytes;
  }

  /** Makes room for `byteCount` more bytes. */
  reserve(byteCount: number): void {
    const needed = this.length + byteCount;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** Appends `source[start, end)`. */
  copy(source: Buffer, start: number, end: number): void {
    if (end <= start) return;
    this.reserve(end - start);
    if (end - start > shortSpan) {
      source.copy(this.bytes, this.length, start, end);
      this.length += end - start;
      return;
    }
    const { bytes } = this;
    let to = this.length;
    for (let from = start; from < end; from++) bytes[to++] = source[from] as number;
    this.length = to;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** Hands over what was collected; waits only for the chunk before. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.length === 0) return;
    const full = this.bytes;
    this.#writing = this.#sink.write(full.subarray(0, this.length));
    // Awaited by the next flush; until then a failure must not count as unhandled.
    this.#writing.catch(() => undefined);
    this.bytes = this.#spare;
    this.#spare = full;
    this.flushedBytes += this.length;
    this.length = 0;
  }

  /** Hands over everything and waits until it is written. */
  async drain(): Promise<void> {
    await this.flush();
    await this.#writing;
  }
}
