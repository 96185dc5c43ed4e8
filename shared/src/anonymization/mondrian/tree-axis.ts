import type { Generalization, GeneralizationLevel } from '../hierarchies/index.ts';
import type { Axis, Cut } from './axis.ts';

/** A column cut along its hierarchy: a region takes up the lowest group that holds all its values. */
export class TreeAxis implements Axis {
  /** Places in an order of the values in which every group of the hierarchy is one run. */
  readonly codes: Uint32Array;
  /** Group of each place, by level. */
  readonly #groupOf: readonly Uint32Array[];
  readonly #levels: readonly GeneralizationLevel[];
  /** Per place, records of the region in hand; all zero in between. */
  readonly #histogram: Uint32Array;
  #low = 0;
  #high = 0;
  #level = 0;

  constructor({ column, levels }: Generalization) {
    const codes = Array.from(column.texts, (_, code) => code).sort((a, b) => {
      for (let level = levels.length - 1; level > 0; level -= 1) {
        const groupOf = levels[level]?.groupOf;
        const order = (groupOf?.[a] as number) - (groupOf?.[b] as number);
        if (order !== 0) return order;
      }
      return a - b;
    });
    const placeOf = new Uint32Array(codes.length);
    for (const [place, code] of codes.entries()) placeOf[code] = place;
    this.codes = column.codes.map((code) => placeOf[code] as number);
    this.#groupOf = levels.map(({ groupOf }) => Uint32Array.from(codes, (code) => groupOf[code] as number));
    this.#levels = levels;
    this.#histogram = new Uint32Array(codes.length);
  }

  /** Loss of the lowest group that holds all values of the region. */
  spread(order: Uint32Array, start: number, end: number): number {
    const { codes } = this;
    let low = 0xffffffff;
    let high = 0;
    for (let index = start; index < end; index += 1) {
      const code = codes[order[index] as number] as number;
      if (code < low) low = code;
      if (code > high) high = code;
    }
    this.#low = low;
    this.#high = high;
    this.#level = this.#groupOf.findIndex((groups) => groups[low] === groups[high]);
    const group = this.#groupOf[this.#level]?.[low] as number;
    return low === high ? 0 : Math.max(Number.MIN_VALUE, this.#levels[this.#level]?.loss[group] as number);
  }

  /**
   * Takes one of the groups on the next level out, the one nearest to half of the records first. A run of several would
   * gain nothing yet: their common group stays the same.
   */
  cuts(order: Uint32Array, start: number, end: number, least: number): readonly Cut[] {
    const [codes, histogram, size] = [this.codes, this.#histogram, end - start];
    const groups = this.#groupOf[this.#level - 1];
    if (groups === undefined) return [];
    for (let index = start; index < end; index += 1) {
      const code = codes[order[index] as number] as number;
      histogram[code] = (histogram[code] as number) + 1;
    }
    const found: (Cut & { readonly records: number })[] = [];
    for (let from = this.#low; from <= this.#high; ) {
      let to = from;
      let records = 0;
      while (to <= this.#high && groups[to] === groups[from]) {
        records += histogram[to] as number;
        to += 1;
      }
      if (records >= least && size - records >= least) found.push({ from, to, records });
      from = to;
    }
    histogram.fill(0, this.#low, this.#high + 1);
    return found.sort((a, b) => Math.abs(size - 2 * a.records) - Math.abs(size - 2 * b.records) || a.from - b.from);
  }
}
