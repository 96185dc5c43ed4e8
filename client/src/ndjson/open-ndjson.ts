import { InputError } from '@sdp/shared/errors';
import type { ByteSource } from '../csv/index.ts';
import { LineScanner } from './line-scanner.ts';

const defaultMaxLineBytes = 16 * 1024 * 1024;

export interface NdjsonOptions {
  /** Bytes that one line may have; 16 MiB where left out. */
  readonly maxLineBytes?: number;
  /** Stops between two chunks with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A stream of lines. */
export interface OpenNdjson {
  readonly lines: LineScanner;
  inputBytes(): number;
  /** Gives the scanner the next chunk. @returns false once there is none; the scanner knows then */
  fill(): Promise<boolean>;
  close(): Promise<void>;
}

/** @throws {InputError} `ndjson-invalid` for a byte order mark of UTF-16 */
export async function openNdjson(source: ByteSource, options: NdjsonOptions): Promise<OpenNdjson> {
  const lines = new LineScanner(options.maxLineBytes ?? defaultMaxLineBytes);
  const chunks = source[Symbol.asyncIterator]();
  let inputBytes = 0;
  const fill = async () => {
    options.signal?.throwIfAborted();
    const { done, value } = await chunks.next();
    if (done) lines.finish();
    else {
      inputBytes += value.length;
      lines.push(value);
    }
    return !done;
  };
  const close = async () => void (await chunks.return?.(undefined));
  try {
    while (lines.filled < 3 && (await fill()));
    const [first, second, third] = lines.filled >= 3 ? lines.bytes : [];
    if (first === 0xef && second === 0xbb && third === 0xbf) lines.position = 3;
    if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
      throw new InputError('ndjson-invalid', {
        message: 'The file is in UTF-16',
        remedy: 'Convert it to UTF-8 first, e.g. with iconv.',
      });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { lines, inputBytes: () => inputBytes, fill, close };
}
