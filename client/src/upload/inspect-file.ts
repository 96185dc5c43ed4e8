import { createHash } from 'node:crypto';
import { type ColumnFinding, createColumnScanner } from '@sdp/shared/detection';
import { InputError } from '@sdp/shared/errors';
import type { ByteSource, CsvDialect, CsvOptions } from '../csv/index.ts';
import { readRows } from '../csv/index.ts';

/** Looks at every row of the file while detection does. */
export interface RowCheck {
  /** @throws {InputError} to stop the upload */
  check(rows: readonly (readonly string[])[], firstRow: number): void;
}

/** What one pass over a file found out. */
export interface Inspection {
  readonly dialect: CsvDialect;
  readonly columns: readonly string[];
  readonly rows: number;
  /** Of the bytes as they stand in the file. */
  readonly bytes: number;
  readonly sha256: string;
  readonly findings: readonly ColumnFinding[];
}

/**
 * Reads the whole file and runs detection over every cell, before a byte of it is sent.
 *
 * @param prepare called with the header; makes the checks that need it
 * @throws {InputError} what reading a CSV file throws, what the checks throw, `csv-column-ambiguous`, `csv-empty`
 */
export async function inspectFile(
  source: ByteSource,
  options: CsvOptions,
  prepare: (columns: readonly string[]) => readonly RowCheck[],
  onProgress: (rows: number, bytes: number) => void,
): Promise<Inspection> {
  const digest = new SourceDigest(source);
  const { dialect, header, batches } = await readRows(digest, options);
  assertUsableHeader(header);
  const checks = prepare(header);
  const scanner = createColumnScanner(header);
  let count = 0;
  for await (const { rows, firstRow } of batches) {
    for (const check of checks) check.check(rows, firstRow);
    let row = firstRow;
    for (const cells of rows) {
      for (let index = 0; index < cells.length; index += 1) scanner.scan(index, row, cells[index] as string);
      row += 1;
    }
    count += rows.length;
    onProgress(count, digest.bytes);
  }
  if (count === 0) {
    throw new InputError('csv-empty', {
      message: 'The file has no data rows',
      remedy: 'Give a file with at least one row under its header.',
    });
  }
  return {
    dialect,
    columns: header,
    rows: count,
    bytes: digest.bytes,
    sha256: digest.hex(),
    findings: scanner.findings(),
  };
}

/** Column names become names of fields, which must tell the columns apart. */
function assertUsableHeader(header: readonly string[]): void {
  const findings = header.flatMap((name, index) => {
    if (name === '') return [{ message: `column ${index + 1} has no name` }];
    if (name.length > 256) return [{ message: `the name of column ${index + 1} has more than 256 characters` }];
    return header.indexOf(name) < index ? [{ message: `column ${index + 1} has the name of another column` }] : [];
  });
  if (findings.length === 0) return;
  throw new InputError('csv-column-ambiguous', {
    message: 'Columns that are to be uploaded need names that tell them apart',
    remedy: 'Give every column a name of its own, of at most 256 characters.',
    details: { findings, count: findings.length },
  });
}

/** Passes a file's bytes on and takes their number and SHA-256 on the way. */
export class SourceDigest implements AsyncIterable<Uint8Array> {
  readonly #source: ByteSource;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Bytes passed so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Callable once, after the last byte. */
  hex(): string {
    return this.#hash.digest('hex');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#source) {
      this.#hash.update(chunk);
      this.#bytes += chunk.length;
      yield chunk;
    }
  }
}
