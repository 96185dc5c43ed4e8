import type { EncodedColumn } from '../encoded-column.ts';
import type { ValueCounts } from './value-counts.ts';

/** How the values of a sensitive column are distributed over the whole table: what t-closeness compares classes with. */
export class ValueDistribution {
  /** Share of each code. */
  readonly shares: Float64Array;
  /** Whether the values have an order, as numbers and dates have. */
  readonly ordered: boolean;
  /** Place of each code among those that occur. */
  readonly #rankOf: Uint32Array;
  /** Share of the values up to each rank, itself included. */
  readonly #cumulative: Float64Array;
  /** Sums of {@link #cumulative} before each rank. */
  readonly #sums: Float64Array;

  constructor(column: EncodedColumn) {
    const counts = new Float64Array(column.texts.length);
    for (const code of column.codes) counts[code] = (counts[code] as number) + 1;
    this.ordered = column.kind !== 'categorical';
    this.shares = counts.map((count) => count / Math.max(1, column.codes.length));
    this.#rankOf = new Uint32Array(counts.length);
    const cumulative: number[] = [];
    const sums = [0];
    let share = 0;
    for (let code = 0; code < counts.length; code += 1) {
      this.#rankOf[code] = cumulative.length;
      if (counts[code] === 0) continue;
      share += this.shares[code] as number;
      cumulative.push(share);
      sums.push((sums.at(-1) as number) + share);
    }
    this.#cumulative = Float64Array.from(cumulative);
    this.#sums = Float64Array.from(sums);
  }

  /**
   * Earth mover's distance of a class from the table, 0–1: for numbers and dates over their order, with equal steps from
   * value to value; for categories half the sum of differences. Li, Li and Venkatasubramanian, "t-Closeness", ICDE 2007.
   */
  distance(values: ValueCounts): number {
    if (values.total === 0) return 0;
    return this.ordered ? this.#orderedDistance(values) : this.#equalDistance(values);
  }

  #equalDistance(values: ValueCounts): number {
    let excess = 0;
    for (let index = 0; index < values.distinct; index += 1) {
      const code = values.seen[index] as number;
      excess += Math.max(0, (values.counts[code] as number) / values.total - (this.shares[code] as number));
    }
    return excess;
  }

  /** Sums |class − table| of the cumulative shares; between two values of the class its own doesn't change. */
  #orderedDistance(values: ValueCounts): number {
    const last = this.#cumulative.length - 1;
    if (last < 1) return 0;
    const codes = values.seen.subarray(0, values.distinct).slice().sort();
    let distance = 0;
    let from = 0;
    let share = 0;
    for (const code of codes) {
      const rank = this.#rankOf[code] as number;
      distance += this.#between(from, Math.min(rank, last), share);
      from = rank;
      share += (values.counts[code] as number) / values.total;
    }
    distance += this.#between(from, last, 1);
    return Math.min(1, distance / last);
  }

  /** Σ |share − cumulative[rank]| over ranks `from` … `to − 1`. */
  #between(from: number, to: number, share: number): number {
    if (to <= from) return 0;
    const split = this.#firstAbove(share, from, to);
    const sum = (start: number, end: number) => (this.#sums[end] as number) - (this.#sums[start] as number);
    return share * (split - from) - sum(from, split) + sum(split, to) - share * (to - split);
  }

  #firstAbove(share: number, from: number, to: number): number {
    let [low, high] = [from, to];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#cumulative[middle] as number) <= share) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
