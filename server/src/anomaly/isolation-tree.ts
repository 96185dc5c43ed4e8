import type { Matrix } from './matrix.ts';
import { averagePathLength } from './path-length.ts';
import type { Random } from './seeded-random.ts';

/** A binary tree in flat arrays: node 0 is the root, the two children of a node stand side by side. */
export interface IsolationTree {
  /** Column that a node splits on. */
  readonly column: Uint16Array;
  /** Smaller values go to the first child. */
  readonly threshold: Float32Array;
  /** 0 marks a leaf: the root is nobody's child. */
  readonly firstChild: Uint16Array;
  /** At a leaf: its depth, and what the records left in it would have added. */
  readonly pathLength: Float32Array;
  /**
   * What the split above a node did to isolate those who took it: bits gained over an even split,
   * `max(0, log2(records above / records here) − 1)`. A split that parts a few from many isolates them; one in the
   * middle tells nothing.
   */
  readonly edgeCredit: Float32Array;
}

/**
 * Grows one tree on the rows given: a random column among those that vary, a random threshold between its smallest and
 * largest value, until a row is alone, rows are equal or the depth is that of an average tree.
 */
export function growTree(matrix: Matrix, rows: Uint32Array, random: Random): IsolationTree {
  const capacity = Math.max(1, 2 * rows.length - 1);
  const tree = {
    column: new Uint16Array(capacity),
    threshold: new Float32Array(capacity),
    firstChild: new Uint16Array(capacity),
    pathLength: new Float32Array(capacity),
    edgeCredit: new Float32Array(capacity),
  };
  const depthLimit = Math.ceil(Math.log2(Math.max(2, rows.length)));
  let nodes = 1;

  const grow = (node: number, start: number, end: number, depth: number): void => {
    const split = end - start > 1 && depth < depthLimit ? chooseSplit(matrix, rows, start, end, random) : undefined;
    if (!split) {
      tree.pathLength[node] = depth + averagePathLength(end - start);
      return;
    }
    const middle = partition(matrix, rows, start, end, split);
    const child = nodes;
    nodes += 2;
    tree.column[node] = split.column;
    tree.threshold[node] = split.threshold;
    tree.firstChild[node] = child;
    tree.edgeCredit[child] = Math.max(0, Math.log2((end - start) / (middle - start)) - 1);
    tree.edgeCredit[child + 1] = Math.max(0, Math.log2((end - start) / (end - middle)) - 1);
    grow(child, start, middle, depth + 1);
    grow(child + 1, middle, end, depth + 1);
  };
  grow(0, 0, rows.length, 0);
  return tree;
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
