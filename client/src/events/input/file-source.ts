import { open } from 'node:fs/promises';
import { inputFileError } from '../../files/index.ts';

const chunkBytes = 256 * 1024;

/** A file up to where it ends when that is reached: others may go on writing to it. */
export async function* fileSource(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw inputFileError(error, path);
  });
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(chunkBytes);
      const { bytesRead } = await handle.read(chunk, 0, chunkBytes, null).catch((error: unknown) => {
        throw inputFileError(error, path);
      });
      if (bytesRead === 0) return;
      signal.throwIfAborted();
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}
