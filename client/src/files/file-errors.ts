import { InputError } from '@sdp/shared/errors';

const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

/** Why an input could not be opened or read. The system's own message is left out: it repeats the path. */
export function inputFileError(error: unknown, path: string): InputError {
  const code = errorCode(error);
  const details = { file: path };
  if (code === 'ENOENT') return new InputError('file-not-found', { message: 'The input file was not found', details });
  if (code === 'EISDIR') {
    const remedy = 'Name a file in it; of the commands, only those that tokenize and detokenize take folders.';
    return new InputError('file-unreadable', { message: 'The input is a folder', remedy, details });
  }
  return new InputError('file-unreadable', { message: `The input file cannot be read${reason(code)}`, details });
}

/** Why an output could not be created or written. */
export function outputFileError(error: unknown, path: string): InputError {
  const code = errorCode(error);
  const details = { file: path };
  if (code === 'ENOENT') {
    return new InputError('output-unwritable', {
      message: 'The folder of the output does not exist',
      remedy: 'Make the folder first, or check the path.',
      details,
    });
  }
  return new InputError('output-unwritable', {
    message: `The output cannot be written${reason(code)}`,
    ...(code === 'EPIPE' ? { remedy: 'Let it read to the end, or name a file with --output.' } : {}),
    details,
  });
}

function reason(code: string | undefined): string {
  const known: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    ENOSPC: 'the disk is full',
    EDQUOT: 'the disk quota is used up',
    EISDIR: 'it is a folder',
    ENOTDIR: 'a part of the path is not a folder',
    EIO: 'the disk reports an error',
    EPIPE: 'the reader is gone',
  };
  const text = code === undefined ? undefined : (known[code] ?? code);
  return text === undefined ? '' : `: ${text}`;
}
