import type { EncodedColumn } from './encoded-column.ts';
import { anyValue, generalize } from './generalized-value.ts';
import type { Generalization } from './hierarchies/index.ts';

/** What a class releases in one column. */
export interface Cell {
  readonly text: string;
  /** Share of the column's domain that the text hides: 0 for a single value, 1 for `*`. */
  readonly loss: number;
  /** Records of the whole table whose value the text admits. */
  readonly admitted: number;
}

/** Says what stands for all values that a class has in a column. */
export class CellDescriber {
  readonly #column: EncodedColumn;
  readonly #generalization: Generalization | undefined;
  /** Records with codes below this one. */
  readonly #below: Float64Array;
  /** Different values, missing ones counted as one. */
  readonly #domain: number;
  readonly #stamps: Uint32Array;
  #stamp = 0;

  constructor(column: EncodedColumn, generalization?: Generalization) {
    this.#column = column;
    this.#generalization = generalization;
    const below = new Float64Array(column.texts.length + 1);
    for (const code of column.codes) below[code + 1] = (below[code + 1] as number) + 1;
    this.#domain = column.texts.length - (below[1] === 0 ? 1 : 0);
    for (let code = 1; code < below.length; code += 1)
      below[code] = (below[code] as number) + (below[code - 1] as number);
    this.#below = below;
    this.#stamps = new Uint32Array(column.texts.length);
  }

  /** Every value hidden. */
  get hidden(): Cell {
    return { text: anyValue, loss: 1, admitted: this.#column.codes.length };
  }

  describe(members: Uint32Array): Cell {
    const codes = this.#distinctCodes(members);
    return this.#generalization === undefined ? this.#cover(codes) : this.#lowestGroup(codes, this.#generalization);
  }

  /** Ascending. */
  #distinctCodes(members: Uint32Array): number[] {
    const [all, stamps] = [this.#column.codes, this.#stamps];
    this.#stamp += 1;
    const codes: number[] = [];
    for (const record of members) {
      const code = all[record] as number;
      if (stamps[code] === this.#stamp) continue;
      stamps[code] = this.#stamp;
      codes.push(code);
    }
    return codes.sort((a, b) => a - b);
  }

  #cover(codes: readonly number[]): Cell {
    const { kind, positions } = this.#column;
    const text = generalize(this.#column, codes);
    if (text === anyValue) return this.hidden;
    const [first, last] = [codes[0] as number, codes[codes.length - 1] as number];
    if (kind === 'categorical') {
      const admitted = codes.reduce((sum, code) => sum + this.#records(code, code), 0);
      return { text, loss: (codes.length - 1) / Math.max(1, this.#domain - 1), admitted };
    }
    const lowest = first === 0 ? (codes[1] ?? 0) : first;
    const extent = (positions[positions.length - 1] as number) - (positions[1] ?? 0);
    const range = extent > 0 ? ((positions[last] as number) - (positions[lowest] as number)) / extent : 0;
    const gap = first === 0 && last > 0;
    return {
      text,
      loss: Math.min(1, range + (gap ? 1 / this.#domain : 0)),
      admitted: this.#records(lowest, last) + (gap ? this.#records(0, 0) : 0),
    };
  }

  #lowestGroup(codes: readonly number[], { levels }: Generalization): Cell {
    const [first] = codes;
    for (const { groupOf, labels, loss } of levels) {
      const group = groupOf[first as number] as number;
      if (codes.some((code) => groupOf[code] !== group)) continue;
      let admitted = 0;
      for (let code = 0; code < groupOf.length; code += 1)
        if (groupOf[code] === group) admitted += this.#records(code, code);
      return { text: labels[group] as string, loss: loss[group] as number, admitted };
    }
    return this.hidden;
  }

  /** With codes from `low` to `high`, both included. */
  #records(low: number, high: number): number {
    return (this.#below[high + 1] as number) - (this.#below[low] as number);
  }
}
