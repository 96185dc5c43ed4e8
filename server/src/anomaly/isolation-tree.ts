import type { Matrix } from './matrix.ts';
import { averagePathLength } from './path-length.ts';
import type { Random } from './seeded-random.ts';

/**
 * A complete binary tree in flat arrays: the children of node `n` are `2n + 1` and `2n + 2`. Branches that end early go
 * on through splits that send everything to the first child, so that every walk takes `depth` steps: a processor
 * guesses random splits wrong, so walks without a question at each step are twice as fast.
 */
export interface IsolationTree {
  /** Levels of splits. */
  readonly depth: number;
  /** Per split: column it looks at. */
  readonly column: Uint16Array;
  /** Per split: smaller values go to the first child. */
  readonly threshold: Float32Array;
  /** Per leaf: its true depth, and what the records left in it would have added. */
  readonly pathLength: Float32Array;
  /** Per leaf: where its credits begin; one more entry than there are leaves. */
  readonly creditStart: Uint32Array;
  /**
   * What the splits on the way to a leaf did to isolate those who got there: bits gained over an even split,
   * `max(0, log2(records before / records after) − 1)`. A split that parts a few from many isolates them; one in the
   * middle tells nothing.
   */
  readonly creditColumn: Uint16Array;
  readonly creditBits: Float32Array;
}

/** A split on the way to a leaf that has isolated. */
interface Credit {
  readonly column: number;
  readonly bits: number;
}

/**
 * Grows one tree on the rows given: a random column among those that vary, a random threshold between its smallest and
 * largest value, until a row is alone, rows are equal or the depth is that of an average tree.
 */
export function growTree(matrix: Matrix, rows: Uint32Array, random: Random): IsolationTree {
  const depth = Math.ceil(Math.log2(Math.max(2, rows.length)));
  const leaves = 2 ** depth;
  const column = new Uint16Array(leaves - 1);
  const threshold = new Float32Array(leaves - 1).fill(Number.POSITIVE_INFINITY);
  const pathLength = new Float32Array(leaves);
  const creditsOfLeaf: (readonly Credit[])[] = Array.from({ length: leaves }, () => []);

  const grow = (node: number, level: number, start: number, end: number, credits: readonly Credit[]): void => {
    const split = level < depth && end - start > 1 ? chooseSplit(matrix, rows, start, end, random) : undefined;
    if (!split) {
      const leaf = (node + 1) * 2 ** (depth - level) - leaves;
      pathLength[leaf] = level + averagePathLength(end - start);
      creditsOfLeaf[leaf] = credits;
      return;
    }
    column[node] = split.column;
    threshold[node] = split.threshold;
    const middle = partition(matrix, rows, start, end, split);
    const withSplit = (records: number): readonly Credit[] => {
      const bits = Math.log2((end - start) / records) - 1;
      return bits > 0 ? [...credits, { column: split.column, bits }] : credits;
    };
    grow(2 * node + 1, level + 1, start, middle, withSplit(middle - start));
    grow(2 * node + 2, level + 1, middle, end, withSplit(end - middle));
  };
  grow(0, 0, 0, rows.length, []);
  return { depth, column, threshold, pathLength, ...flatten(creditsOfLeaf) };
}

function flatten(creditsOfLeaf: readonly (readonly Credit[])[]) {
  const credits = creditsOfLeaf.flat();
  const creditStart = new Uint32Array(creditsOfLeaf.length + 1);
  for (const [leaf, own] of creditsOfLeaf.entries()) creditStart[leaf + 1] = (creditStart[leaf] as number) + own.length;
  return {
    creditStart,
    creditColumn: Uint16Array.from(credits, ({ column }) => column),
    creditBits: Float32Array.from(credits, ({ bits }) => bits),
  };
}

interface Split {
  readonly column: number;
  readonly threshold: number;
}

/** Tries the columns in random order until one varies among the rows; undefined if all rows are equal. */
function chooseSplit(matrix: Matrix, rows: Uint32Array, start: number, end: number, random: Random): Split | undefined {
  const candidates = Uint16Array.from({ length: matrix.width }, (_, column) => column);
  for (let left = matrix.width; left > 0; left -= 1) {
    const pick = Math.floor(random() * left);
    const column = candidates[pick] as number;
    candidates[pick] = candidates[left - 1] as number;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let index = start; index < end; index += 1) {
      const value = matrix.values[(rows[index] as number) * matrix.width + column] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    if (low < high) {
      // Rounding to float32 may reach `low`, which would leave one side empty; `high` never does.
      const threshold = Math.fround(low + random() * (high - low));
      return { column, threshold: threshold > low ? threshold : high };
    }
  }
  return undefined;
}

/** Moves the rows below the threshold to the front; returns where the others begin. */
function partition(matrix: Matrix, rows: Uint32Array, start: number, end: number, split: Split): number {
  let middle = start;
  for (let index = start; index < end; index += 1) {
    const row = rows[index] as number;
    if ((matrix.values[row * matrix.width + split.column] as number) < split.threshold) {
      rows[index] = rows[middle] as number;
      rows[middle] = row;
      middle += 1;
    }
  }
  return middle;
}
