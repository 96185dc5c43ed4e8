/** One request or response out of recorded bytes. */
export interface HttpMessage {
  readonly startLine: string;
  /** As sent, in order; names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without its chunk framing; still compressed if it was. */
  readonly body: Buffer;
}

const headEnd = Buffer.from('\r\n\r\n');

/**
 * The HTTP/1.1 messages that one side sent over a connection. Requests and responses alike; the last one may be cut off.
 *
 * @throws {Error} where the bytes are not HTTP: a recording that can't be read must not pass for a clean one
 */
export function parseHttpMessages(bytes: Buffer): HttpMessage[] {
  const messages: HttpMessage[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(headEnd, at);
    if (end === -1) throw new Error('a recorded message has no end of its headers');
    const [startLine = '', ...lines] = bytes.subarray(at, end).toString('latin1').split('\r\n');
    if (!/^(HTTP\/1\.1 \d{3}|[A-Z]+ \S+ HTTP\/1\.1$)/.test(startLine)) throw new Error('the recording is not HTTP/1.1');
    const headers = lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
    const header = (name: string) => headers.find(([key]) => key === name)?.[1];
    const bodyAt = end + headEnd.length;
    const isChunked = header('transfer-encoding')?.toLowerCase() === 'chunked';
    const { body, next } = isChunked
      ? readChunks(bytes, bodyAt)
      : readCounted(bytes, bodyAt, Number(header('content-length') ?? 0));
    messages.push({ startLine, headers, body });
    at = next;
  }
  return messages;
}

function readCounted(bytes: Buffer, at: number, length: number): { body: Buffer; next: number } {
  return { body: bytes.subarray(at, at + length), next: at + length };
}

/** RFC 9112 section 7.1. */
function readChunks(bytes: Buffer, start: number): { body: Buffer; next: number } {
  const parts: Buffer[] = [];
  let at = start;
  while (at < bytes.length) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) break;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (Number.isNaN(size)) throw new Error('a recorded chunk has no size');
    at = lineEnd + 2;
    if (size === 0) {
      const end = bytes.indexOf('\r\n', at);
      return { body: Buffer.concat(parts), next: end === -1 ? bytes.length : end + 2 };
    }
    parts.push(bytes.subarray(at, at + size));
    at += size + 2;
  }
  return { body: Buffer.concat(parts), next: bytes.length };
}
