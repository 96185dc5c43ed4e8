import type { Writable } from 'node:stream';
import type { ByteSink } from '../csv/index.ts';
import { outputFileError } from './file-errors.ts';

/** Stdout, or whatever stands in for it. Nothing is held back, so only the exit status says whether it was all. */
export function outputStream(stream: Writable): ByteSink {
  return {
    write: (chunk) =>
      new Promise((resolve, reject) => {
        // Copied: a stream may keep the chunk after its callback, e.g. while a pipe is full.
        stream.write(Buffer.from(chunk), (error) => (error ? reject(outputFileError(error, '-')) : resolve()));
      }),
  };
}
