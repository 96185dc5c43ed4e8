import type { ColumnLevels, Matrix } from './matrix.ts';

const largestDraw = 2_147_483_647;
/** Values that lie no further apart are taken for equal. */
const indistinct = Math.fround(1e-7);

export interface Split {
  readonly column: number;
  /** Values up to it, itself included, go to the first child. */
  readonly bound: number;
  /** Columns that don't vary in the node, and so in none below it. */
  readonly constants: number;
}

/** Which of a column's levels are possible in a node: indices, both included. */
export interface LevelRange {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * Draws the splits of one tree, with the numbers and in the order in which scikit-learn draws them: a 32-bit xorshift
 * (Marsaglia, "Xorshift RNGs", JSS 8(14), 2003) and a partial shuffle of the columns that passes over those that don't
 * vary, remembering them for the nodes below.
 */
export class SplitDraw {
  readonly #matrix: Matrix;
  readonly #rows: Uint32Array;
  readonly #levels: ColumnLevels | undefined;
  readonly #ranges: LevelRange[];
  readonly #columns: Uint16Array;
  readonly #constants: Uint16Array;
  #state: number;

  constructor(matrix: Matrix, rows: Uint32Array, seed: number, levels: ColumnLevels | undefined) {
    this.#matrix = matrix;
    this.#rows = rows;
    this.#levels = levels;
    this.#ranges = levels?.map((values) => ({ lowest: 0, highest: (values?.length ?? 1) - 1 })) ?? [];
    this.#columns = Uint16Array.from({ length: matrix.width }, (_, column) => column);
    this.#constants = new Uint16Array(matrix.width);
    this.#state = seed === 0 ? 1 : seed;
  }

  /**
   * @param known how many columns are known not to vary
   * @returns undefined if no column varies among the rows from `start` to `end`
   */
  split(start: number, end: number, known: number): Split | undefined {
    const columns = this.#columns;
    let passed = 0;
    let constants = known;
    let left = this.#matrix.width;
    let drawn: { readonly column: number; readonly bound: number } | undefined;
    // Of the columns, those up to `constants` don't vary, of which the first `passed` were drawn; from `left` on they vary.
    while (left > constants && !drawn) {
      const found = constants - known;
      let pick = passed + (this.#draw() % (left - found - passed));
      const column = columns[pick] as number;
      if (pick < known) {
        columns[pick] = columns[passed] as number;
        columns[passed] = column;
        passed += 1;
        continue;
      }
      pick += found;
      drawn = this.#threshold(columns[pick] as number, start, end);
      const to = drawn ? left - 1 : constants;
      const moved = columns[pick] as number;
      columns[pick] = columns[to] as number;
      columns[to] = moved;
      if (drawn) left -= 1;
      else constants += 1;
    }
    // Other nodes that know the same columns find them in the same order.
    columns.set(this.#constants.subarray(0, known));
    this.#constants.set(columns.subarray(known, constants), known);
    return drawn && { ...drawn, constants };
  }

  /** Enters a child of a split: fewer of its column's levels are possible there. @returns what {@link restore} takes */
  narrow({ column, bound }: Split, side: 'first' | 'second'): LevelRange | undefined {
    const levels = this.#levels?.[column];
    const range = this.#ranges[column];
    if (!levels || !range) return undefined;
    let above = range.lowest;
    while ((levels[above] as number) <= bound) above += 1;
    this.#ranges[column] =
      side === 'first' ? { lowest: range.lowest, highest: above - 1 } : { lowest: above, highest: range.highest };
    return range;
  }

  restore({ column }: Split, range: LevelRange | undefined): void {
    if (range) this.#ranges[column] = range;
  }

  #threshold(column: number, start: number, end: number) {
    const [low, high] = this.#extent(column, start, end);
    if (high <= Math.fround(low + indistinct)) return undefined;
    const bound = ((high - low) * this.#draw()) / largestDraw + low;
    return { column, bound: bound === high ? low : bound };
  }

  #extent(column: number, start: number, end: number): [low: number, high: number] {
    const levels = this.#levels?.[column];
    const range = this.#ranges[column];
    if (levels && range) return [levels[range.lowest] as number, levels[range.highest] as number];
    const { values, width } = this.#matrix;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let index = start; index < end; index += 1) {
      const value = values[(this.#rows[index] as number) * width + column] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    return [low, high];
  }

  #draw(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return state & 0x7fff_ffff;
  }
}
