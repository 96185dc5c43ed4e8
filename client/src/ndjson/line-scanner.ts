import { isUtf8 } from 'node:buffer';
import { InputError } from '@sdp/shared/errors';
import { firstInvalidUtf8, lastUtf8Boundary } from '../csv/utf8-boundary.ts';

const LF = 0x0a;

/**
 * Cuts a stream of chunks of any size into lines. JSON allows no line feed inside a string, so that each one ends a
 * line. The bytes of the current line stay valid until the next {@link push}.
 */
export class LineScanner {
  bytes = Buffer.allocUnsafe(1 << 20);
  /** First byte of the current line. */
  start = 0;
  /** One past the last byte of the current line, its line feed not included. */
  end = 0;
  /** 1-based number of the current line. */
  line = 0;
  /** Where the next line starts. */
  position = 0;
  /** Where `bytes[0]` stands in the text. */
  offset = 0;
  readonly #maxLineBytes: number;
  #filled = 0;
  #searchedTo = 0;
  #finished = false;
  #validatedTo = 0;
  #invalidAt = -1;

  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /** One past the last byte that was pushed. */
  get filled(): number {
    return this.#filled;
  }

  push(chunk: Uint8Array): void {
    const kept = this.#filled - this.position;
    if (kept + chunk.length > this.bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(kept + chunk.length, this.bytes.length * 2));
      this.bytes.copy(larger, 0, this.position, this.#filled);
      this.bytes = larger;
    } else if (this.position > 0) this.bytes.copyWithin(0, this.position, this.#filled);
    this.offset += this.position;
    this.#searchedTo = Math.max(0, this.#searchedTo - this.position);
    this.#validatedTo = Math.max(0, this.#validatedTo - this.position);
    this.position = 0;
    this.bytes.set(chunk, kept);
    this.#filled = kept + chunk.length;
    this.#validate();
  }

  /** No more bytes will come: the last line may end without a line feed. */
  finish(): void {
    this.#finished = true;
    this.#validate();
  }

  /**
   * @returns false when more bytes are needed or, after {@link finish}, when there are no more lines
   * @throws {InputError} `ndjson-invalid` for bytes that are no UTF-8, `csv-cell-too-large`
   */
  next(): boolean {
    const from = Math.max(this.position, this.#searchedTo);
    const found = from < this.#filled ? this.bytes.subarray(0, this.#filled).indexOf(LF, from) : -1;
    if (found < 0) {
      this.#searchedTo = this.#filled;
      if (this.#filled - this.position > this.#maxLineBytes) throw this.#tooLarge();
      if (!this.#finished || this.position >= this.#filled) return false;
    }
    this.start = this.position;
    this.end = found < 0 ? this.#filled : found;
    this.line += 1;
    if (this.#invalidAt >= 0 && this.#invalidAt < this.end) {
      throw new InputError('ndjson-invalid', {
        message: `Line ${this.line} is not valid UTF-8`,
        remedy: 'Convert the file to UTF-8 first.',
        details: { row: this.line },
      });
    }
    if (this.end - this.start > this.#maxLineBytes) throw this.#tooLarge();
    this.position = found < 0 ? this.#filled : found + 1;
    return true;
  }

  /** @returns a function that goes back to where the next line is looked for now; valid until the next `push` */
  mark(): () => void {
    const { position, line } = this;
    return () => {
      this.position = position;
      this.line = line;
      this.#searchedTo = position;
    };
  }

  /** Forgets all bytes before the start of a line. @returns false while the place has not been pushed yet */
  skipTo(offset: number, linesBefore: number): boolean {
    this.position = Math.min(offset - this.offset, this.#filled);
    this.line = linesBefore;
    this.#searchedTo = this.position;
    return this.offset + this.position === offset;
  }

  #validate(): void {
    if (this.#invalidAt >= 0) return;
    const to = this.#finished ? this.#filled : lastUtf8Boundary(this.bytes, this.#filled);
    const fresh = this.bytes.subarray(this.#validatedTo, to);
    if (!isUtf8(fresh)) this.#invalidAt = this.#validatedTo + firstInvalidUtf8(fresh);
    this.#validatedTo = to;
  }

  #tooLarge(): InputError {
    const line = this.line + 1;
    return new InputError('csv-cell-too-large', {
      message: `Line ${line} has more than ${this.#maxLineBytes} bytes`,
      remedy: 'Check for a missing line end: each line holds one object.',
      details: { row: line },
    });
  }
}
