import { createHash, createHmac, type KeyObject } from 'node:crypto';
import { open } from 'node:fs/promises';
import { InputError } from '@sdp/shared/errors';
import { inputFileError } from '../files/index.ts';
import type { InputPosition, Spool } from './spool/index.ts';

const headBytes = 1_024;

/**
 * How far the events of a file were taken, over several runs. A file is found again by its path and its first bytes, so that
 * one which has grown is still the same; that the rows which are passed over are those that were taken is checked.
 */
export class FilePosition {
  /** Rows that an earlier run has taken already. */
  readonly takenRows: number;
  readonly #path: string;
  readonly #file: string;
  readonly #head: number;
  readonly #taken: InputPosition | undefined;
  readonly #hash = createHash('sha256');
  #row = 0;

  private constructor(path: string, file: string, head: number, key: KeyObject, taken: InputPosition | undefined) {
    this.#path = path;
    this.#file = file;
    this.#head = head;
    this.#taken = taken;
    this.takenRows = taken?.rows ?? 0;
    // Keyed, so that nobody can try out what stood in a short file.
    this.#hash.update(key.export());
  }

  /** @param restart takes the file from its beginning, whatever was taken before */
  static async of(path: string, spool: Spool, { restart }: { readonly restart: boolean }): Promise<FilePosition> {
    const key = spool.keyFor('input');
    const bytes = await firstBytes(path);
    const digestOf = (head: number) =>
      createHmac('sha256', key).update(`${path}\n${head}\n`).update(bytes.subarray(0, head)).digest('hex');
    const before = restart ? undefined : spool.input;
    const isSame = before !== undefined && before.head <= bytes.length && before.file === digestOf(before.head);
    if (isSame) return new FilePosition(path, before.file, before.head, key, before);
    return new FilePosition(path, digestOf(bytes.length), bytes.length, key, undefined);
  }

  /**
   * To be told of every row, in order.
   *
   * @returns whether an earlier run has taken it
   * @throws {InputError} `checkpoint-unfit` when those that were taken were others
   */
  pass(row: number, text: string): boolean {
    this.#hash.update(text).update('\n');
    this.#row = row;
    if (row < this.takenRows) return true;
    if (row > this.takenRows) return false;
    if (this.#digest() !== this.#taken?.digest) throw this.#unfit();
    return true;
  }

  /** To be told of the end. @throws {InputError} `checkpoint-unfit` when there are fewer rows than were taken */
  end(): void {
    if (this.#row < this.takenRows) throw this.#unfit();
  }

  now(): InputPosition {
    return { file: this.#file, head: this.#head, rows: this.#row, digest: this.#digest() };
  }

  #digest(): string {
    return this.#hash.copy().digest('hex');
  }

  #unfit(): InputError {
    return new InputError('checkpoint-unfit', {
      message: 'The file is another one than an earlier run has taken, under the same name and with the same beginning',
      remedy: 'Add --restart to take it from its beginning.',
      details: { file: this.#path },
    });
  }
}

async function firstBytes(path: string): Promise<Buffer> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw inputFileError(error, path);
  });
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
