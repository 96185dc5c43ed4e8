import { InputError } from '@sdp/shared/errors';
import { parseAll } from './parse-xml.ts';

const maxBytes = 128 * 1024 * 1024;

/** The texts that the cells of a workbook share, one behind the other. */
export class SharedTexts {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #ends = new Uint32Array(1 << 10);
  #count = 0;

  /**
   * @throws {InputError} `xlsx-invalid` when they take more memory than is given to them
   * @throws {Error} for what is not well-formed
   */
  static async read(part: AsyncIterable<Uint8Array>): Promise<SharedTexts> {
    const texts = new SharedTexts();
    const item = new RichText();
    await parseAll(part, {
      open: (name) => item.open(name),
      text: (text) => item.text(text),
      close: (name) => {
        item.close(name);
        if (name === 'si') texts.#add(item.take());
      },
    });
    return texts;
  }

  /** @returns `undefined` where there is none of that number */
  at(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) return undefined;
    return this.#bytes.toString('utf8', index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }

  #add(text: string): void {
    const start = this.#count === 0 ? 0 : (this.#ends[this.#count - 1] as number);
    const end = start + Buffer.byteLength(text);
    if (end > maxBytes || this.#count > maxBytes / 8) {
      throw new InputError('xlsx-invalid', {
        message: `The texts of the workbook take more than ${maxBytes / 1024 / 1024} MiB`,
        remedy: 'Export the sheet as CSV.',
      });
    }
    if (end > this.#bytes.length) this.#bytes = Buffer.concat([this.#bytes], Math.max(end, this.#bytes.length * 2));
    this.#bytes.write(text, start, 'utf8');
    if (this.#count === this.#ends.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#ends[this.#count++] = end;
  }
}

/** A text that may consist of runs in several fonts; readings that stand above it (`rPh`) are no part of it. */
export class RichText {
  #text = '';
  #isText = false;
  #inReading = false;

  open(name: string): void {
    if (name === 'rPh') this.#inReading = true;
    this.#isText = name === 't' && !this.#inReading;
  }

  text(text: string): void {
    if (this.#isText) this.#text += text;
  }

  close(name: string): void {
    if (name === 'rPh') this.#inReading = false;
    if (name === 't') this.#isText = false;
  }

  /** What was gathered since this was last asked for. */
  take(): string {
    const text = unescaped(this.#text);
    this.#text = '';
    return text;
  }
}

/** Characters that XML cannot hold stand as `_x000D_` (ECMA-376, part 1, 22.9.2.19). */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
