import type { Writable } from 'node:stream';
import { InterruptedError } from '@sdp/shared/errors';

/** A keyboard that can hand over keys one by one. */
export interface Keyboard {
  setRawMode(raw: boolean): unknown;
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  off(event: 'data', listener: (chunk: Buffer) => void): unknown;
  resume(): unknown;
  pause(): unknown;
}

const lengthLimit = 4_096;

/**
 * Asks for a secret on a terminal and shows nothing of what is typed.
 *
 * @throws {InterruptedError} on Ctrl-C, Ctrl-D with nothing typed, or when `signal` aborts
 */
export async function promptSecret(
  question: string,
  {
    keyboard,
    screen,
    signal,
  }: { readonly keyboard: Keyboard; readonly screen: Writable; readonly signal: AbortSignal },
): Promise<string> {
  signal.throwIfAborted();
  screen.write(question);
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let bytes: number[] = [];
  const onData = (chunk: Buffer) => {
    for (const byte of chunk) {
      if (byte === 0x03 || (byte === 0x04 && bytes.length === 0)) reject(new InterruptedError('interrupted'));
      else if (byte === 0x0d || byte === 0x0a || byte === 0x04) resolve(Buffer.from(bytes).toString('utf8'));
      else if (byte === 0x15) bytes = [];
      else if (byte === 0x7f || byte === 0x08) bytes = withoutLast(bytes);
      else if (byte >= 0x20 && bytes.length < lengthLimit) bytes.push(byte);
    }
  };
  const onAbort = () => reject(signal.reason);
  keyboard.setRawMode(true);
  keyboard.on('data', onData);
  signal.addEventListener('abort', onAbort, { once: true });
  keyboard.resume();
  try {
    return await promise;
  } finally {
    keyboard.off('data', onData);
    signal.removeEventListener('abort', onAbort);
    keyboard.setRawMode(false);
    keyboard.pause();
    bytes.fill(0);
    screen.write('\n');
  }
}

/** Without the last character, which may have several bytes in UTF-8. */
function withoutLast(bytes: readonly number[]): number[] {
  let end = bytes.length - 1;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.slice(0, Math.max(0, end));
}
