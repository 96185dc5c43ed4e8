import type { EncodedColumn } from '../encoded-column.ts';
import type { Axis, Cut } from './axis.ts';

/** A column cut in the order of its values. */
export class OrderedAxis implements Axis {
  readonly codes: Uint32Array;
  readonly #positions: Float64Array;
  readonly #categorical: boolean;
  /** Spread of the whole column, by which a region's is divided. */
  readonly #extent: number;
  /** Per code, records of the region in hand; all zero in between. */
  readonly #histogram: Uint32Array;
  /** Smallest and largest code of the region that was looked at last. */
  #low = 0;
  #high = 0;

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
    const { codes } = this;
    let lowest = 0xffffffff;
    let low = 0xffffffff;
    let high = 0;
    for (let index = start; index < end; index += 1) {
      const code = codes[order[index] as number] as number;
      if (code < lowest) lowest = code;
      if (code < low && code > 0) low = code;
      if (code > high) high = code;
    }
    this.#low = lowest;
    this.#high = high;
    if (high === 0) return 0;
    const reach = this.#categorical
      ? this.#distinct(order, start, end) - 1
      : (this.#positions[high] as number) - (this.#positions[low] as number);
    return Math.min(1, reach / this.#extent) + (lowest === 0 ? 1 : 0);
  }

  /** Gaps from values first; else beside the median: no other cut leaves more on its smaller side. */
  cuts(order: Uint32Array, start: number, end: number, least: number): readonly Cut[] {
    const size = end - start;
    const narrow = this.#high - this.#low < 4 * size;
    const { gaps, median, below, upTo } = narrow
      ? this.#byHistogram(order, start, end)
      : bySorting(this.codes, order, start, end);
    const fits = (side: number) => side >= least && size - side >= least;
    const candidates = [
      { to: median, side: below },
      { to: median + 1, side: upTo },
    ];
    if (Math.abs(size - 2 * below) > Math.abs(size - 2 * upTo)) candidates.reverse();
    if (gaps > 0) candidates.unshift({ to: 1, side: gaps });
    return candidates.filter(({ side }) => fits(side)).map(({ to }) => ({ from: 0, to }));
  }

  /** Different values in the region, gaps not among them. */
  #distinct(order: Uint32Array, start: number, end: number): number {
    const [codes, histogram] = [this.codes, this.#histogram];
    let distinct = 0;
    for (let index = start; index < end; index += 1) {
      const code = codes[order[index] as number] as number;
      if (histogram[code] !== 0) continue;
      histogram[code] = 1;
      if (code > 0) distinct += 1;
    }
    if (this.#high - this.#low < end - start) histogram.fill(0, this.#low, this.#high + 1);
    else for (let index = start; index < end; index += 1) histogram[codes[order[index] as number] as number] = 0;
    return distinct;
  }

  #byHistogram(order: Uint32Array, start: number, end: number): Middle {
    const [codes, histogram] = [this.codes, this.#histogram];
    for (let index = start; index < end; index += 1) {
      const code = codes[order[index] as number] as number;
      histogram[code] = (histogram[code] as number) + 1;
    }
    const middle = (end - start) >> 1;
    let below = 0;
    let median = this.#low;
    while (below + (histogram[median] as number) <= middle) {
      below += histogram[median] as number;
      median += 1;
    }
    const found = { gaps: histogram[0] as number, median, below, upTo: below + (histogram[median] as number) };
    histogram.fill(0, this.#low, this.#high + 1);
    return found;
  }
}

/** Of a region: records without a value, the median code, records with smaller codes, and with codes up to it. */
interface Middle {
  readonly gaps: number;
  readonly median: number;
  readonly below: number;
  readonly upTo: number;
}

function bySorting(all: Uint32Array, order: Uint32Array, start: number, end: number): Middle {
  const codes = new Uint32Array(end - start);
  for (let index = start; index < end; index += 1) codes[index - start] = all[order[index] as number] as number;
  codes.sort();
  const median = codes[codes.length >> 1] as number;
  return {
    gaps: firstAtLeast(codes, 1),
    median,
    below: firstAtLeast(codes, median),
    upTo: firstAtLeast(codes, median + 1),
  };
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
