import type { DateStyle } from './calendar-date.ts';
import { bucketDate, type DateUnit } from './date-bucket.ts';
import { boundedNumber, sizedNumber } from './number-bucket.ts';
import type { Outcome } from './outcome.ts';
import { postalPrefix } from './postal-prefix.ts';

/** How values are put together. Numbers are given as texts or numbers: `0.1` means a tenth exactly. */
export type BucketSpec =
  /** Numbers, in intervals of one size that begin at a multiple of it. */
  | { readonly size: number | string; readonly decimalComma?: boolean }
  /** Numbers, in intervals between ascending bounds, open at both ends. */
  | { readonly bounds: readonly (number | string)[]; readonly decimalComma?: boolean }
  /** Dates. */
  | ({ readonly unit: DateUnit } & DateStyle)
  /** Postal codes, by their first characters. */
  | { readonly keepFirst: number };

/**
 * Puts values into classes; nothing gives a value back. An empty value stays empty.
 *
 * @throws {RangeError} for a size that isn't positive, bounds that don't ascend, or a prefix that isn't a whole number
 */
export function bucketMethod(spec: BucketSpec): (value: string) => Outcome {
  const method = methodOf(spec);
  return (value) => (value === '' ? '' : method(value));
}

function methodOf(spec: BucketSpec): (value: string) => Outcome {
  if ('size' in spec) return sizedNumber(String(spec.size), spec.decimalComma ?? false);
  if ('bounds' in spec) return boundedNumber(spec.bounds.map(String), spec.decimalComma ?? false);
  if ('unit' in spec) return bucketDate(spec.unit, spec);
  return postalPrefix(spec.keepFirst);
}
