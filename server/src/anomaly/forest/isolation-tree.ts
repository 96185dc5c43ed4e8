import { float32Above } from './float32-bound.ts';
import type { ColumnLevels, Matrix } from './matrix.ts';
import { averagePathLength } from './path-length.ts';
import { SplitDraw } from './split-draw.ts';

/**
 * A complete binary tree in flat arrays, breadth first: the children of node `n` are `2n + 1` and `2n + 2`. Branches that
 * end early go on through splits that send everything to the first child, so that every walk takes `depth` steps: a
 * processor guesses random splits wrong, so walks without a question at each step are twice as fast.
 */
export interface IsolationTree {
  /** Levels of splits. */
  readonly depth: number;
  /** Per split: column it looks at. */
  readonly column: Uint16Array;
  /** Per split: smaller values go to the first child. */
  readonly threshold: Float32Array;
  /** Per leaf: its true depth, and what the records left in it would have added. */
  readonly pathLength: Float64Array;
  /**
   * Per node, leaves included: what the split above it did to isolate those who got there: bits gained over an even split,
   * `max(0, log2(records before / records after) − 1)`. A split that parts a few from many isolates them; one in the
   * middle tells nothing.
   */
  readonly credit: Float32Array;
}

/**
 * Grows one tree on the rows given, as scikit-learn's `IsolationForest` does: a random column among those that vary, a
 * random threshold between its smallest and largest value, until a row is alone, rows are equal or the depth is that of
 * an average tree. The same rows and seed give the same tree.
 *
 * @param rows their order is changed
 */
export function growTree(matrix: Matrix, rows: Uint32Array, seed: number, levels?: ColumnLevels): IsolationTree {
  const depth = Math.ceil(Math.log2(Math.max(2, rows.length)));
  const leaves = 2 ** depth;
  const column = new Uint16Array(leaves - 1);
  const threshold = new Float32Array(leaves - 1).fill(Number.POSITIVE_INFINITY);
  const pathLength = new Float64Array(leaves);
  const credit = new Float32Array(2 * leaves - 1);
  const draw = new SplitDraw(matrix, rows, seed, levels);

  const grow = (node: number, level: number, start: number, end: number, constants: number): void => {
    const split = level < depth && end - start > 1 ? draw.split(start, end, constants) : undefined;
    if (!split) {
      pathLength[(node + 1) * 2 ** (depth - level) - leaves] = level + averagePathLength(end - start);
      return;
    }
    column[node] = split.column;
    threshold[node] = float32Above(split.bound);
    const middle = partition(matrix, rows, start, end, split);
    credit[2 * node + 1] = bitsGained(end - start, middle - start);
    credit[2 * node + 2] = bitsGained(end - start, end - middle);
    const outer = draw.narrow(split, 'first');
    grow(2 * node + 1, level + 1, start, middle, split.constants);
    draw.restore(split, outer);
    draw.narrow(split, 'second');
    grow(2 * node + 2, level + 1, middle, end, split.constants);
    draw.restore(split, outer);
  };
  grow(0, 0, 0, rows.length, 0);
  return { depth, column, threshold, pathLength, credit };
}

/** A side that none of the rows is on counts like one with half a row. */
function bitsGained(before: number, after: number): number {
  return Math.max(0, Math.log2(before / Math.max(after, 0.5)) - 1);
}

/** Moves the rows up to the bound to the front; returns where the others begin. */
function partition(
  matrix: Matrix,
  rows: Uint32Array,
  start: number,
  end: number,
  split: { readonly column: number; readonly bound: number },
): number {
  let middle = start;
  for (let index = start; index < end; index += 1) {
    const row = rows[index] as number;
    if ((matrix.values[row * matrix.width + split.column] as number) <= split.bound) {
      rows[index] = rows[middle] as number;
      rows[middle] = row;
      middle += 1;
    }
  }
  return middle;
}
