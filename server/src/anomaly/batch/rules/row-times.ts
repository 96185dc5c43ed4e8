import { type Cell, numberOfCell } from '@sdp/shared/contracts';
import { InputError } from '@sdp/shared/errors';
import type { ColumnProfile } from '../column-profile.ts';
import { readInstant } from '../read-cell.ts';

/** A column holds times if this share of its filled cells are. */
const readableShare = 0.9;
/** As seconds since 1970 it would be in the year 5138. */
const leastMilliseconds = 1e11;

/** Gives a row's time in milliseconds since 1970; NaN where the cell holds none. */
export type ReadTime = (cell: Cell | undefined) => number;

/**
 * How the times of a column are written: dates with times or without (UTC where they name no zone), or seconds or
 * milliseconds since 1970.
 *
 * @throws {InputError} `batch-unprocessable` for a column of something else
 */
export function timesIn(column: string, { filled: cells, missing, dates, numbers, highest }: ColumnProfile): ReadTime {
  const filled = cells - missing;
  if (filled > 0 && dates >= filled * readableShare) return (cell) => readInstant(cell) ?? Number.NaN;
  if (filled === 0 || numbers.plain < filled * readableShare) {
    throw new InputError('batch-unprocessable', {
      message: 'time_column holds neither dates like 2026-01-31T12:00:00Z nor seconds or milliseconds since 1970',
      details: { column },
    });
  }
  const unitMs = highest >= leastMilliseconds ? 1 : 1_000;
  return (cell) => Math.round(numberOfCell(cell) * unitMs);
}
