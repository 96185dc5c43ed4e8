import { StringDecoder } from 'node:string_decoder';
import { InputError } from '@sdp/shared/errors';
import type { ByteSink, ByteSource, CsvEncoding } from './csv-types.ts';

type Utf16 = Extract<CsvEncoding, 'utf-16le' | 'utf-16be'>;

/** Whether a file of this encoding is scanned as UTF-8 that is translated on the way in and out. */
export function isUtf16(encoding: CsvEncoding): encoding is Utf16 {
  return encoding === 'utf-16le' || encoding === 'utf-16be';
}

export function startsWithUtf8Mark(start: Uint8Array): boolean {
  return start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf;
}

/** What a byte order mark at the start of the file says of its encoding. */
export function encodingByMark(start: Uint8Array): CsvEncoding | undefined {
  if (startsWithUtf8Mark(start)) return 'utf-8';
  if (start[0] === 0xfe && start[1] === 0xff) return 'utf-16be';
  if (start[0] === 0xff && start[1] === 0xfe) {
    if (start[2] === 0 && start[3] === 0) {
      throw new InputError('csv-encoding', {
        message: 'The file is in UTF-32, which is not supported',
        remedy: 'Convert it to UTF-8 first.',
      });
    }
    return 'utf-16le';
  }
  return undefined;
}

const refused = (message: string) => new InputError('csv-encoding', { message });

/**
 * UTF-16 as UTF-8, byte order mark included. The translation is one-to-one: what has no counterpart is refused.
 *
 * @throws {InputError} `csv-encoding` for surrogates without their other half and for half a code unit at the end
 */
export async function* utf8FromUtf16(source: ByteSource, encoding: Utf16): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const chunk of source) {
    const bytes = Buffer.concat([rest, chunk]);
    const even = bytes.length & ~1;
    const unit = encoding === 'utf-16le' ? even - 1 : even - 2;
    // A high surrogate waits for the other half.
    const waiting = even > 0 && ((bytes[unit] as number) & 0xfc) === 0xd8;
    const ready = waiting ? even - 2 : even;
    rest = Buffer.from(bytes.subarray(ready));
    if (ready > 0) yield decode(bytes.subarray(0, ready), encoding);
  }
  if (rest.length % 2 === 1) throw refused('The file ends with half a UTF-16 code unit');
  if (rest.length > 0) yield decode(rest, encoding);
}

function decode(bytes: Uint8Array, encoding: Utf16): Buffer {
  const units = Buffer.from(bytes);
  if (encoding === 'utf-16be') units.swap16();
  const text = units.toString('utf16le');
  if (!text.isWellFormed()) throw refused('The file is not valid UTF-16: a surrogate stands alone');
  return Buffer.from(text, 'utf8');
}

/** Writes UTF-8 on as UTF-16. */
export function utf16Sink(sink: ByteSink, encoding: Utf16): ByteSink {
  const decoder = new StringDecoder('utf8');
  return {
    write(chunk) {
      const units = Buffer.from(decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)), 'utf16le');
      return sink.write(encoding === 'utf-16be' ? units.swap16() : units);
    },
  };
}
