import { kindOf, positionOf, type ValueKind } from './value-order.ts';

export type { ValueKind };

/** A quasi-identifier's values as small numbers in the order of the values. */
export interface EncodedColumn {
  readonly name: string;
  readonly kind: ValueKind;
  /** Code of each record; 0 where the cell is missing, else from 1 in the order of the values. */
  readonly codes: Uint32Array;
  /** Text of each code, `''` for 0. Values that are equal as numbers or dates share a code and one text. */
  readonly texts: readonly string[];
  /** Position of each code on the column's axis: the number, the time, or for categorical values the code. */
  readonly positions: Float64Array;
}

/** Takes a column cell by cell; memory grows with the distinct values and 4 bytes a record. */
export class ColumnEncoder {
  readonly name: string;
  readonly #ids = new Map<string, number>();
  #codes = new Uint32Array(1_024);
  #length = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** @param value empty where the cell is missing */
  add(value: string): void {
    if (this.#length === this.#codes.length) {
      const larger = new Uint32Array(this.#codes.length * 2);
      larger.set(this.#codes);
      this.#codes = larger;
    }
    let id = 0;
    if (value !== '') {
      id = this.#ids.get(value) ?? this.#ids.size + 1;
      if (id > this.#ids.size) this.#ids.set(value, id);
    }
    this.#codes[this.#length] = id;
    this.#length += 1;
  }

  /**
   * Orders the values. Takes no more cells afterwards.
   *
   * @param kind found out where left out; `categorical` keeps every spelling of a number apart
   */
  finish(kind: ValueKind = kindOf(this.#ids.keys())): EncodedColumn {
    const { texts, positions, codeOfId } = orderValues([...this.#ids.keys()], kind);
    this.#ids.clear();
    const codes = this.#codes.subarray(0, this.#length);
    for (let record = 0; record < codes.length; record += 1) {
      codes[record] = codeOfId[codes[record] as number] as number;
    }
    return { name: this.name, kind, codes, texts, positions };
  }
}

/** Position i of `values` has id i + 1. The order must not depend on that of the records. */
function orderValues(values: readonly string[], kind: ValueKind) {
  const axis = Float64Array.from(values, (value) => positionOf(value, kind));
  const order = Array.from(values, (_, index) => index).sort((a, b) => {
    const byPosition = (axis[a] as number) - (axis[b] as number);
    return byPosition || compareTexts(values[a] as string, values[b] as string);
  });
  const texts = [''];
  const positions = [0];
  const codeOfId = new Uint32Array(values.length + 1);
  for (const [rank, index] of order.entries()) {
    const previous = order[rank - 1];
    const repeats = kind !== 'categorical' && previous !== undefined && axis[previous] === axis[index];
    if (!repeats) {
      texts.push(values[index] as string);
      positions.push(kind === 'categorical' ? texts.length - 1 : (axis[index] as number));
    }
    codeOfId[index + 1] = texts.length - 1;
  }
  return { texts, positions: Float64Array.from(positions), codeOfId };
}

/** By code unit: unlike a locale's order it is the same everywhere. */
function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
