import { InputError } from '@sdp/shared/errors';
import type { OutputBuffer } from './output-buffer.ts';
import { quoting } from './row-scanner.ts';

const QUOTE = 0x22;
const LF = 0x0a;
const CR = 0x0d;

export interface CellWriterOptions {
  readonly delimiter: number;
  readonly encoding: 'utf-8' | 'latin1';
  /** Whether the file is read leniently. */
  readonly lenient: boolean;
  /** Whether values go back to where they stood before. */
  readonly restores: boolean;
}

/**
 * Writes values as cells. A quoted cell stays quoted; an unquoted one is quoted only if its value holds a delimiter, a
 * line end or a quote that would be taken for syntax.
 */
export class CellWriter {
  readonly #out: OutputBuffer;
  readonly #options: CellWriterOptions;

  constructor(out: OutputBuffer, options: CellWriterOptions) {
    this.#out = out;
    this.#options = options;
  }

  /**
   * @param wasQuoted how the cell that the value replaces is written
   * @param row 1-based data row, for the error
   * @throws {InputError} `csv-encoding` when the file's encoding has no such character
   */
  write(value: string, wasQuoted: number, row: number): void {
    const out = this.#out;
    const { delimiter } = this.#options;
    const size = value.length;
    out.reserve(size + 2);
    const { bytes } = out;
    let at = out.length;
    const quoted = wasQuoted !== quoting.none;
    if (quoted) bytes[at++] = QUOTE;
    // Tokens and most values are plain ASCII: one pass both copies them and finds those that aren't.
    for (let index = 0; index < size; index++) {
      const code = value.charCodeAt(index);
      if (code > 0x7f || code === QUOTE || (!quoted && (code === delimiter || code === LF || code === CR))) {
        this.#writeAny(value, quoted, row);
        return;
      }
      bytes[at++] = code;
    }
    if (quoted) bytes[at++] = QUOTE;
    out.length = at;
  }

  /** {@link write} for values of letters, digits and `_`. */
  writePlain(value: string, wasQuoted: number): void {
    const out = this.#out;
    out.reserve(value.length + 2);
    if (wasQuoted !== quoting.none) out.bytes[out.length++] = QUOTE;
    out.length += out.bytes.write(value, out.length, 'latin1');
    if (wasQuoted !== quoting.none) out.bytes[out.length++] = QUOTE;
  }

  #writeAny(value: string, wasQuoted: boolean, row: number): void {
    const out = this.#out;
    const { encoding } = this.#options;
    const quoted = wasQuoted || this.#needsQuotes(value);
    const text = quoted ? `"${value.replaceAll('"', '""')}"` : value;
    if (encoding === 'latin1' && /[^\0-\xff]/.test(text)) {
      throw new InputError('csv-encoding', {
        message: `A value for row ${row} has characters that Latin-1 has not`,
        remedy: 'Convert the file to UTF-8 first.',
        details: { row },
      });
    }
    out.reserve(text.length * 3);
    out.length += out.bytes.write(text, out.length, encoding);
  }

  #needsQuotes(value: string): boolean {
    const { delimiter, lenient, restores } = this.#options;
    // What the reader takes for a character in an unquoted cell could stand there unquoted.
    const syntax = restores ? (lenient ? /^"|[\r\n]/ : /^[ \t]*"|[\r\n]/) : /["\r\n]/;
    return syntax.test(value) || value.includes(String.fromCharCode(delimiter));
  }
}
