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

/** A column as a dimension to cut along. */
class Axis {
  readonly codes: Uint32Array;
  readonly #positions: Float64Array;
  readonly #categorical: boolean;
  /** Spread of the whole column, by which a region's is divided. */
  readonly #extent: number;
  /** Per code, records of the region in hand; all zero in between. */
  readonly #histogram: Uint32Array;

  constructor(column: EncodedColumn) {
    this.codes = column.codes;
    this.#positions = column.positions;
    this.#categorical = column.kind === 'categorical';
    this.#histogram = new Uint32Array(column.texts.length);
    const last = column.texts.length - 1;
    const span = last > 0 ? (column.positions[last] as number) - (column.positions[1] as number) : 0;
    this.#extent = Math.max(this.#categorical ? last - 1 : span, Number.MIN_VALUE);
  }

  /**
   * How far the region's values reach, 0–1 of the whole column: the range of numbers and dates, the number of different
   * categories. Values beside gaps count as a column's whole width more.
   */
  spread(order: Uint32Array, start: number, end: number): number {
    let low = Number.POSITIVE_INFINITY;
    let high = 0;
    let distinct = 0;
    let gaps = false;
    const histogram = this.#histogram;
    for (let index = start; index < end; index += 1) {
      const code = this.codes[order[index] as number] as number;
      if (code === 0) {
        gaps = true;
        continue;
      }
      if (code < low) low = code;
      if (code > high) high = code;
      if (this.#categorical && histogram[code] === 0) {
        histogram[code] = 1;
        distinct += 1;
      }
    }
    if (high === 0) return 0;
    if (this.#categorical) this.#clear(low, high, order, start, end);
    const reach = this.#categorical
      ? distinct - 1
      : (this.#positions[high] as number) - (this.#positions[low] as number);
    return Math.min(1, reach / this.#extent) + (gaps ? 1 : 0);
  }

  /**
   * Smallest code of the upper side, or 0 if every cut would leave a side with fewer than `k` records. Beside the
   * median's own two sides no other cut needs a try: it would leave a smaller side smaller still.
   */
  chooseCut(order: Uint32Array, start: number, end: number, k: number): number {
    const codes = new Uint32Array(end - start);
    for (let index = start; index < end; index += 1)
      codes[index - start] = this.codes[order[index] as number] as number;
    codes.sort();
    const size = codes.length;
    const gaps = firstAtLeast(codes, 1);
    if (gaps >= k && size - gaps >= k) return 1;
    const median = codes[size >> 1] as number;
    const below = firstAtLeast(codes, median);
    const upTo = firstAtLeast(codes, median + 1);
    const lowerFits = below >= k && size - below >= k;
    const upperFits = upTo >= k && size - upTo >= k;
    if (lowerFits && (!upperFits || Math.abs(size - 2 * below) <= Math.abs(size - 2 * upTo))) return median;
    return upperFits ? median + 1 : 0;
  }

  #clear(low: number, high: number, order: Uint32Array, start: number, end: number): void {
    if (high - low < end - start) {
      this.#histogram.fill(0, low, high + 1);
      return;
    }
    for (let index = start; index < end; index += 1) this.#histogram[this.codes[order[index] as number] as number] = 0;
  }
}

/** Index of the first entry of a sorted array that is at least `code`. */
function firstAtLeast(sorted: Uint32Array, code: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < code) low = middle + 1;
    else high = middle;
  }
  return low;
}
