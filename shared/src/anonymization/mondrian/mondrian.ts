import type { EncodedColumn } from '../encoded-column.ts';
import type { Generalization } from '../hierarchies/index.ts';
import { ClassJudge, kAnonymity, type PrivacyModel } from '../models/index.ts';
import type { Axis } from './axis.ts';
import { OrderedAxis } from './ordered-axis.ts';
import { TreeAxis } from './tree-axis.ts';

/** Classes of records. Class `c` holds the records `order[starts[c]]` … `order[starts[c + 1] − 1]`. */
export interface Partition {
  readonly order: Uint32Array;
  /** One more entry than there are classes. */
  readonly starts: Uint32Array;
}

export interface MondrianOptions {
  /** At least 1; with fewer than `k` records all of them are one class. */
  readonly k: number;
  /** What every class has to satisfy beside `k`; if all records together don't, they are one class. */
  readonly models?: readonly PrivacyModel[];
  /** By column: cut along this in place of the order of the values. */
  readonly generalizations?: readonly (Generalization | undefined)[];
  /** Where no cut between two values is possible, records of one value may come on both sides. */
  readonly relaxed?: boolean;
}

/** Records looked at between two yields: some milliseconds of work. */
const recordsPerStep = 50_000;
/** Cuts of one column that are tried before the next column is. */
const mostTries = 4;

/**
 * Multidimensional Mondrian: LeFevre, DeWitt and Ramakrishnan, "Mondrian Multidimensional K-Anonymity", ICDE 2006. Halves
 * the records again and again along the column that spreads widest, as long as both halves may be released. Columns
 * without a hierarchy are cut at the median, categorical values in the order of their texts; where a column has gaps,
 * those with and without a value are parted first.
 *
 * The classes depend only on the multiset of records, not on their order, unless `relaxed`. Yields now and then, so that
 * a caller can do something else in between.
 */
export function* partitionByMondrian(
  columns: readonly EncodedColumn[],
  options: MondrianOptions,
): Generator<void, Partition> {
  const { k, models = [], generalizations = [], relaxed = false } = options;
  const count = columns[0]?.codes.length ?? 0;
  const order = Uint32Array.from({ length: count }, (_, record) => record);
  const axes = columns.map((column, index) => {
    const generalization = generalizations[index];
    return generalization === undefined ? new OrderedAxis(column) : new TreeAxis(generalization);
  });
  const judge = new ClassJudge([kAnonymity(k), ...models]);
  const splitter = new Splitter(axes, order, judge, { k, relaxed, judges: models.length > 0 });
  const starts: number[] = [];
  const pending: [number, number][] = count > 0 ? [[0, count]] : [];
  let work = 0;
  for (let region = pending.pop(); region; region = pending.pop()) {
    const [start, end] = region;
    work += end - start;
    const middle = end - start < 2 * k ? end : yield* splitter.split(start, end);
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

class Splitter {
  readonly #axes: readonly Axis[];
  readonly #order: Uint32Array;
  readonly #buffer: Uint32Array;
  readonly #judge: ClassJudge;
  readonly #options: { readonly k: number; readonly relaxed: boolean; readonly judges: boolean };

  constructor(
    axes: readonly Axis[],
    order: Uint32Array,
    judge: ClassJudge,
    options: { readonly k: number; readonly relaxed: boolean; readonly judges: boolean },
  ) {
    this.#axes = axes;
    this.#order = order;
    this.#buffer = new Uint32Array(order.length);
    this.#judge = judge;
    this.#options = options;
  }

  /** Reorders a region into two; returns where the second begins, or `end` if no column can be cut. */
  *split(start: number, end: number): Generator<void, number> {
    const order = this.#order;
    const spreads: { readonly axis: Axis; readonly position: number; readonly spread: number }[] = [];
    for (const [position, axis] of this.#axes.entries()) {
      spreads.push({ axis, position, spread: axis.spread(order, start, end) });
      if (end - start >= recordsPerStep) yield;
    }
    const widest = spreads
      .filter(({ spread }) => spread > 0)
      .sort((a, b) => b.spread - a.spread || a.position - b.position);
    for (const { axis } of widest) {
      for (const { from, to } of axis.cuts(order, start, end, this.#options.k).slice(0, mostTries)) {
        const middle = this.#move(axis.codes, from, to, start, end);
        if (this.#allows(start, middle, end)) return middle;
      }
    }
    if (!this.#options.relaxed) return end;
    for (const { axis } of widest) {
      const middle = this.#halve(axis.codes, start, end);
      if (this.#allows(start, middle, end)) return middle;
    }
    return end;
  }

  /** Both sides have `k` records already; models are asked only where there are any. */
  #allows(start: number, middle: number, end: number): boolean {
    if (!this.#options.judges) return true;
    return this.#judge.allows(this.#order, start, middle) && this.#judge.allows(this.#order, middle, end);
  }

  /** Moves records with codes `from` … `to − 1` to the front, keeping the order on both sides. */
  #move(codes: Uint32Array, from: number, to: number, start: number, end: number): number {
    const [order, buffer] = [this.#order, this.#buffer];
    let middle = start;
    let others = 0;
    for (let index = start; index < end; index += 1) {
      const record = order[index] as number;
      const code = codes[record] as number;
      if (code >= from && code < to) {
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

  /** Sorts the region by its codes and cuts it in the middle, whatever stands there. */
  #halve(codes: Uint32Array, start: number, end: number): number {
    this.#order.subarray(start, end).sort((a, b) => (codes[a] as number) - (codes[b] as number) || a - b);
    return start + ((end - start) >> 1);
  }
}
