import { createReadStream } from 'node:fs';
import { InputError } from '@sdp/shared/errors';

/** @throws {InputError} `file-unreadable` */
export async function* readLogBytes(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (typeof code !== 'string') throw error;
    throw new InputError('file-unreadable', {
      message: `The audit log cannot be read (${code})`,
      details: { file: path },
    });
  }
}
