import { Axis } from './axis.ts';
import type { EncodedColumn } from './encoded-column.ts';

/** Classes of records. Class `c` holds the records `order[starts[c]]` … `order[starts[c + 1] − 1]`. */
export interface Partition {
  readonly order: Uint32Array;
  /** One more entry than there are classes. */
  readonly starts: Uint32Array;
}

/** Records looked at between two yields: some milliseconds of work. */
const recordsPerStep = 50_000;

/**
 * Strict multidimensional Mondrian: LeFevre, DeWitt and Ramakrishnan, "Mondrian Multidimensional K-Anonymity", ICDE
 * 2006. Halves the records again and again at the median of the column that spreads widest, as long as both halves
 * keep `k` records. Without hierarchies: categorical values are cut in the order of their texts. Where a column has
 * gaps, those with and without a value are parted first.
 *
 * The classes depend only on the multiset of records, not on their order. Yields now and then, so that a caller can do
 * something else in between.
 *
 * @param k at least 1; with fewer than `k` records all of them are one class
 */
export function* partitionByMondrian(columns: readonly EncodedColumn[], k: number): Generator<void, Partition> {
  const count = columns[0]?.codes.length ?? 0;
  const order = Uint32Array.from({ length: count }, (_, record) => record);
  const axes = columns.map((column) => new Axis(column));
  const buffer = new Uint32Array(count);
  const starts: number[] = [];
  const pending: [number, number][] = count > 0 ? [[0, count]] : [];
  let work = 0;
  for (let region = pending.pop(); region; region = pending.pop()) {
    const [start, end] = region;
    work += end - start;
    const middle = end - start < 2 * k ? end : yield* splitRegion(axes, order, buffer, start, end, k);
    if (middle < end) pending.push([middle, end], [start, middle]);
    else starts.push(start);
    if (work >= recordsPerStep) {
      work = 0;
      yield;
    }
  }
  starts.push(count);
  return { order, starts: Uint32Array.from(starts) };
}

/** Reorders a region into two; returns where the second begins, or `end` if no column can be cut. */
function* splitRegion(
  axes: readonly Axis[],
  order: Uint32Array,
  buffer: Uint32Array,
  start: number,
  end: number,
  k: number,
): Generator<void, number> {
  const spreads: { readonly axis: Axis; readonly position: number; readonly spread: number }[] = [];
  for (const [position, axis] of axes.entries()) {
    spreads.push({ axis, position, spread: axis.spread(order, start, end) });
    if (end - start >= recordsPerStep) yield;
  }
  spreads.sort((a, b) => b.spread - a.spread || a.position - b.position);
  for (const { axis, spread } of spreads) {
    if (spread <= 0) break;
    const cut = axis.chooseCut(order, start, end, k);
    if (cut > 0) return moveBelow(axis.codes, cut, order, buffer, start, end);
  }
  return end;
}

/** Moves records with codes below `cut` to the front, keeping the order on both sides. */
function moveBelow(
  codes: Uint32Array,
  cut: number,
  order: Uint32Array,
  buffer: Uint32Array,
  start: number,
  end: number,
): number {
  let middle = start;
  let others = 0;
  for (let index = start; index < end; index += 1) {
    const record = order[index] as number;
    if ((codes[record] as number) < cut) {
      order[middle] = record;
      middle += 1;
    } else {
      buffer[others] = record;
      others += 1;
    }
  }
  order.set(buffer.subarray(0, others), middle);
  return middle;
}
