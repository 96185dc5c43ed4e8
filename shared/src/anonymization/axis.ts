import type { EncodedColumn } from './encoded-column.ts';

/** A column as a dimension to cut along. */
export class Axis {
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
