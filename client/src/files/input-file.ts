import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { InputError } from '@sdp/shared/errors';
import type { ByteSource } from '../csv/index.ts';
import { inputFileError } from './file-errors.ts';

const chunkBytes = 1 << 20;

/** Something to read: a file, or stdin. */
export interface InputFile {
  readonly source: ByteSource;
  /** Reads it once more, from its start; not there for what can be read only once. */
  readonly again?: () => ByteSource;
  /** Where it is, if it is a regular file. */
  readonly path?: string;
  /** Size in bytes where it is known. */
  readonly sizeBytes?: number;
  /** Device and inode, to tell whether another path is the same file. */
  readonly identity?: string;
}

/**
 * A file that is read once from start to end. It is opened when the reading starts and closed when it ends, however it
 * ends; that it is there is checked at once.
 *
 * @throws {InputError} `file-not-found`, `file-unreadable`; while reading too, also when it was changed meanwhile
 */
export async function openInputFile(path: string): Promise<InputFile> {
  const stats = await stat(path).catch((error: unknown) => {
    throw inputFileError(error, path);
  });
  if (stats.isDirectory()) {
    throw new InputError('file-unreadable', { message: 'The input is a folder', details: { file: path } });
  }
  const identity = `${stats.dev}:${stats.ino}`;
  if (!stats.isFile()) return { source: chunksOf(path), identity };
  return { source: chunksOf(path), again: () => chunksOf(path), path, identity, sizeBytes: stats.size };
}

/** Reads ahead by one chunk: while one is worked on, the other is read. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    throw inputFileError(error, path);
  });
  const before = await stateOf(handle);
  let ready = Buffer.allocUnsafe(chunkBytes);
  let spare = Buffer.allocUnsafe(chunkBytes);
  const read = (into: Buffer) => {
    const reading = handle.read(into, 0, chunkBytes, null).catch((error: unknown) => {
      throw inputFileError(error, path);
    });
    reading.catch(() => undefined);
    return reading;
  };
  let reading = read(ready);
  try {
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) {
        if ((await stateOf(handle)) !== before) throw changedMeanwhile(path);
        return;
      }
      const full = ready;
      ready = spare;
      spare = full;
      reading = read(ready);
      yield full.subarray(0, bytesRead);
    }
  } finally {
    await reading.catch(() => undefined);
    await handle.close();
  }
}

/** Size and time of change of a regular file; nothing of a pipe or device. */
export async function stateOf(handle: FileHandle): Promise<string | undefined> {
  const stats = await handle.stat({ bigint: true });
  return stats.isFile() ? `${stats.size} ${stats.mtimeNs}` : undefined;
}

/** Of a file that somebody writes to, rows could be missing, or be half of one thing and half of another. */
export function changedMeanwhile(path: string): InputError {
  return new InputError('file-unreadable', {
    message: 'The input was changed while it was read',
    remedy: 'Run it again once nothing writes to the file, or on a copy.',
    details: { file: path },
  });
}

/** Stdin, or whatever stands in for it. An abort ends the wait for bytes that may never come. */
export function inputStream(stream: Readable, signal: AbortSignal): InputFile {
  return {
    source: (async function* () {
      const stop = () => stream.destroy(signal.reason as Error);
      signal.addEventListener('abort', stop, { once: true });
      try {
        for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Uint8Array);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    })(),
  };
}
