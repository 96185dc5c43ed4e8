import { InputError, UsageError } from '@sdp/shared/errors';
import type { ByteSource, CsvDialect, CsvOptions } from './csv-types.ts';
import { RowScanner } from './row-scanner.ts';
import { sniffDelimiter } from './sniff-delimiter.ts';
import { encodingByMark, isUtf16, startsWithUtf8Mark, utf8FromUtf16 } from './text-encoding.ts';

export const defaultMaxRowBytes = 16 * 1024 * 1024;
const sampleBytes = 64 * 1024;
const utf8MarkBytes = 3;

/** A file whose dialect and header are known. */
export interface OpenCsv {
  readonly dialect: CsvDialect;
  readonly header: readonly string[];
  /** Stands on the header row. */
  readonly scanner: RowScanner;
  readonly lenient: boolean;
  /** Bytes read from the source so far. */
  inputBytes(): number;
  /** Gives the scanner the next chunk. @returns false once there is none; the scanner knows then */
  fill(): Promise<boolean>;
  /** Goes on behind a number of data rows, which end at this place of the text. */
  skipTo(offset: number, rows: number): Promise<void>;
  /** Lets go of the source, e.g. after an error. */
  close(): Promise<void>;
}

/**
 * Finds encoding, byte order mark, delimiter and header.
 *
 * @throws {InputError} `csv-empty`, `csv-encoding`, `csv-quote`, `csv-cell-too-large`
 * @throws {UsageError} `usage-invalid` for a delimiter that cannot be one
 */
export async function openCsv(source: ByteSource, options: CsvOptions): Promise<OpenCsv> {
  let inputBytes = 0;
  const counted = (async function* () {
    for await (const chunk of source) {
      options.signal?.throwIfAborted();
      inputBytes += chunk.length;
      yield chunk;
    }
  })();
  try {
    const raw = await takeSample(counted);
    const encoding = options.encoding ?? encodingByMark(raw.sample) ?? 'utf-8';
    const bytes = isUtf16(encoding) ? utf8FromUtf16(raw.all, encoding) : raw.all;
    const text = isUtf16(encoding) ? await takeSample(bytes) : { ...raw, all: bytes };

    const bom = encoding !== 'latin1' && startsWithUtf8Mark(text.sample);
    const sample = bom ? text.sample.subarray(utf8MarkBytes) : text.sample;
    const delimiter = checkedDelimiter(options.delimiter) ?? sniffDelimiter(sample, text.complete);
    const lenient = options.lenient ?? false;
    const scanner = new RowScanner({
      delimiter: delimiter.charCodeAt(0),
      encoding: encoding === 'latin1' ? 'latin1' : 'utf-8',
      lenient,
      maxRowBytes: options.maxRowBytes ?? defaultMaxRowBytes,
    });

    const chunks = text.all[Symbol.asyncIterator]();
    const fill = async () => {
      const { done, value } = await chunks.next();
      if (done) scanner.finish();
      else scanner.push(value);
      return !done;
    };
    if (bom) scanner.skipPreamble(utf8MarkBytes);
    while (!scanner.next()) {
      if (await fill()) continue;
      if (scanner.next()) break;
      // Nothing but line ends, if anything: a table of one column without a name.
      if (scanner.end <= (bom ? utf8MarkBytes : 0)) throw new InputError('csv-empty');
      scanner.blankLinesAreRows = true;
    }
    if (scanner.cellCount === 1) scanner.blankLinesAreRows = true;
    const skipTo = async (offset: number, rows: number) => {
      while (!scanner.skipTo(offset, rows + 1)) {
        if (!(await fill())) throw new InputError('file-unreadable', { message: 'The input has become shorter' });
      }
    };
    const close = async () => void (await chunks.return?.(undefined));
    const dialect = { delimiter, encoding, bom };
    return { dialect, header: scanner.cells(), scanner, lenient, inputBytes: () => inputBytes, fill, skipTo, close };
  } catch (error) {
    await counted.return(undefined);
    throw error;
  }
}

interface Sampled {
  /** The first bytes: as many as the sample holds, however the chunks were cut. */
  readonly sample: Uint8Array;
  /** Whether the sample is everything. */
  readonly complete: boolean;
  /** All bytes, those of the sample included. */
  readonly all: AsyncGenerator<Uint8Array>;
}

async function takeSample(source: AsyncGenerator<Uint8Array>): Promise<Sampled> {
  const chunks: Buffer[] = [];
  let size = 0;
  let complete = false;
  while (size <= sampleBytes && !complete) {
    const { done, value } = await source.next();
    if (done) complete = true;
    else {
      // The source may reuse its chunk.
      chunks.push(Buffer.from(value));
      size += value.length;
    }
  }
  const taken = Buffer.concat(chunks);
  const all = (async function* () {
    try {
      yield taken;
      yield* source;
    } finally {
      await source.return(undefined);
    }
  })();
  return { sample: taken.subarray(0, sampleBytes), complete: complete && size <= sampleBytes, all };
}

function checkedDelimiter(delimiter: string | undefined): string | undefined {
  if (delimiter !== undefined && !/^[\t\x20\x21\x23-\x7e]$/.test(delimiter)) {
    throw new UsageError('usage-invalid', {
      message: 'The delimiter must be one ASCII character, and no quote or line end',
      remedy: 'Give e.g. --delimiter ";" or --delimiter tab.',
    });
  }
  return delimiter;
}
