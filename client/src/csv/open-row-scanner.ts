import { UsageError } from '@sdp/shared/errors';
import { defaultMaxRowBytes } from './open-csv.ts';
import { RowScanner } from './row-scanner.ts';
import { sniffDelimiter } from './sniff-delimiter.ts';
import { startsWithUtf8Mark } from './text-encoding.ts';

/**
 * A scanner of UTF-8 rows that come in bit by bit, where no one can wait for a large sample of them.
 *
 * @param first the first bytes, with at least one line end if there is one
 * @param complete whether they are all there is
 * @throws {UsageError} `usage-invalid` for a delimiter that cannot be one
 */
export function openRowScanner(first: Uint8Array, delimiter: string | undefined, complete: boolean): RowScanner {
  const hasMark = startsWithUtf8Mark(first);
  const sample = hasMark ? first.subarray(3) : first;
  const separator = delimiter ?? sniffDelimiter(sample, complete);
  if (separator.length !== 1) throw new UsageError('usage-invalid', { message: '--delimiter is not one character' });
  const scanner = new RowScanner({
    delimiter: separator.charCodeAt(0),
    encoding: 'utf-8',
    lenient: false,
    maxRowBytes: defaultMaxRowBytes,
  });
  scanner.push(sample);
  return scanner;
}
