import { isAscii, isUtf8 } from 'node:buffer';
import { malformed } from './record-sink.ts';

const newline = 0x0a;

/**
 * Decodes UTF-8 into pieces that end with a line, so that no character is cut in two. The last piece may lack its line end.
 *
 * @param maxPieceBytes bound on a line
 * @throws {InputError} `request-malformed` for what isn't UTF-8, and for a line that doesn't end
 */
export async function* textBlocks(source: AsyncIterable<Uint8Array>, maxPieceBytes: number): AsyncGenerator<string> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for await (const chunk of source) {
    const end = chunk.lastIndexOf(newline) + 1;
    if (end > 0) {
      pending.push(chunk.subarray(0, end));
      yield decode(pending);
      pending = [];
      pendingBytes = 0;
    }
    if (end < chunk.length) {
      pending.push(chunk.subarray(end));
      pendingBytes += chunk.length - end;
      if (pendingBytes > maxPieceBytes) throw malformed({ message: 'A line is too long' });
    }
  }
  if (pendingBytes > 0) yield decode(pending);
}

/** @throws {InputError} `request-malformed` */
export function decode(chunks: readonly Uint8Array[]): string {
  const [first] = chunks;
  const bytes =
    chunks.length === 1 && first ? Buffer.from(first.buffer, first.byteOffset, first.length) : Buffer.concat(chunks);
  if (isAscii(bytes)) return bytes.toString('latin1');
  if (!isUtf8(bytes)) throw malformed({ message: 'The body is not valid UTF-8' });
  return bytes.toString('utf8');
}
