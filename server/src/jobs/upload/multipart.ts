import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { Busboy, type BusboyFileStream } from '@fastify/busboy';
import { InputError, RejectedError, UnavailableError } from '@sdp/shared/errors';
import type { Request } from 'express';

/** A multipart body (RFC 7578) of fields and, behind them, one file. */
export interface MultipartUpload {
  readonly fields: Readonly<Record<string, string>>;
  /**
   * The file's bytes as they come in. Ends only when the whole body has, and was as it has to be: what is stored by then can be
   * kept.
   */
  readonly file: Readable;
}

const filePart = 'file';
const fileTypes = new Set([
  'text/csv',
  'application/csv',
  'text/plain',
  'application/octet-stream',
  // What browsers on Windows call a CSV file.
  'application/vnd.ms-excel',
]);
const limits = { fieldNameSize: 100, fieldSize: 256 * 1_024, fields: 20, files: 2, headerPairs: 20, headerSize: 8_192 };

/**
 * Reads a request's fields and opens its file.
 *
 * @throws {RejectedError} `media-type-unsupported`
 * @throws {InputError} `request-malformed`, `request-invalid` (a field twice, too large or behind the file; no file, or two)
 * @throws {UnavailableError} `server-busy` when the sender is gone: nobody reads that
 */
export function openMultipart(request: Request): Promise<MultipartUpload> {
  const busboy = openBusboy(request);
  const fields = new Map<string, string>();
  /** What is wrong with the body; the first one counts. */
  let problem: Error | undefined;
  let stream: BusboyFileStream | undefined;
  const ended = Promise.withResolvers<void>();
  ended.promise.catch(() => undefined);

  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      problem ??= error;
      reject(problem);
      ended.reject(problem);
      request.unpipe(busboy);
      stream?.destroy(problem);
    };
    const gone = () => {
      if (!request.readableEnded) fail(new UnavailableError('server-busy', { message: 'The upload ended early' }));
    };
    request.once('close', gone).once('error', gone);
    busboy.on('field', (name, value, nameTruncated, valueTruncated) => {
      if (nameTruncated || valueTruncated) fail(invalid('A field is too large'));
      else if (stream !== undefined) fail(invalid('The file must be the last part'));
      else if (fields.has(name)) fail(invalid('A field stands twice'));
      else fields.set(name, value);
    });
    busboy.on('file', (name, file, _filename, _encoding, type) => {
      if (stream !== undefined || name !== filePart || !fileTypes.has(type.toLowerCase())) {
        file.resume();
        if (stream !== undefined) fail(invalid('There is more than one file'));
        else if (name !== filePart) fail(invalid('The part that holds the file must be called "file"'));
        else fail(new RejectedError('media-type-unsupported', { message: 'The file must be text/csv' }));
        return;
      }
      stream = file;
      // A failure is told by `ended`.
      file.on('error', () => undefined);
      const broken = () => fail(new InputError('request-malformed', { message: 'The file ends before its part does' }));
      resolve({
        fields: Object.fromEntries(fields),
        file: Readable.from(bytesOf(file, { ended: ended.promise, broken, release })),
      });
    });
    busboy.on('fieldsLimit', () => fail(invalid('There are too many fields')));
    busboy.on('filesLimit', () => fail(invalid('There is more than one file')));
    busboy.on('error', () => fail(new InputError('request-malformed', { message: 'The multipart body is malformed' })));
    busboy.on('finish', () => {
      if (stream === undefined) fail(invalid('There is no part called "file"'));
      else ended.resolve();
    });
    // Where reading stops early, the rest is left for whoever answers the request.
    const release = () => request.unpipe(busboy);
    request.pipe(busboy);
  });
}

interface Body {
  readonly ended: Promise<void>;
  /** Says that the file can't be read; of what is known already it says no more. */
  readonly broken: () => void;
  readonly release: () => void;
}

async function* bytesOf(file: Readable, { ended, broken, release }: Body): AsyncGenerator<Uint8Array> {
  let isWhole = false;
  try {
    for await (const chunk of file) yield chunk as Uint8Array;
    isWhole = true;
  } catch {
    broken();
  } finally {
    if (!isWhole) release();
  }
  await ended;
}

function openBusboy(request: Request) {
  const type = request.get('content-type') ?? '';
  const encoding = request.get('content-encoding') ?? 'identity';
  if (!/^multipart\/form-data\s*(?:;|$)/i.test(type) || encoding.toLowerCase() !== 'identity') {
    throw new RejectedError('media-type-unsupported', {
      message: 'An upload is multipart/form-data, uncompressed',
      remedy: 'Send fields and, as the last part, the CSV file; or use /api/v1/process, which takes gzip and zstd.',
    });
  }
  try {
    return new Busboy({
      headers: request.headers as IncomingHttpHeaders & { 'content-type': string },
      isPartAFile: (name, _type, filename) => name === filePart || filename !== undefined,
      limits,
    });
  } catch {
    throw new InputError('request-malformed', { message: 'The multipart body has no boundary' });
  }
}

function invalid(message: string): InputError {
  return new InputError('request-invalid', { message, details: { findings: [{ message, field: 'body' }] } });
}
