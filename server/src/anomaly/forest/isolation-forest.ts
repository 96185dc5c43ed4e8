import type { ForestPlan } from './forest-plan.ts';
import { growTree, type IsolationTree } from './isolation-tree.ts';
import type { ColumnLevels, Matrix } from './matrix.ts';
import { averagePathLength } from './path-length.ts';

/** What of a block of rows is read again for every tree: so much stays in the nearest cache. */
const blockBytes = 16_384;
/** Rows that walk down side by side: while one waits for its next split, the others go on. */
const abreast = 4;

/**
 * Isolation forest: Liu, Ting and Zhou, "Isolation Forest", ICDM 2008. Records that random splits separate early are
 * few and different.
 */
export interface IsolationForest {
  /** Per row of a matrix that has the columns the forest was grown on, 0–1: `2^(−E[path length] / c(sample size))`. About 0.5 is ordinary. */
  score(matrix: Matrix): Float64Array;
  /** Row-major, as wide as the matrix: what each column did to isolate the row, in bits (see {@link IsolationTree}). */
  contributions(matrix: Matrix): Float32Array;
}

export interface GrowthOptions {
  /** Where in the matrix a row number of the plan is found. */
  readonly rowOf: (index: number) => number;
  readonly levels?: ColumnLevels;
}

export function growForest(plan: ForestPlan, matrix: Matrix, options: GrowthOptions): IsolationForest {
  return forestOf(growTrees(plan, matrix, options), averagePathLength(plan.samples[0]?.length ?? 0));
}

/** The trees of a forest, for those who keep them. Parameters as for {@link growForest}. */
export function growTrees(plan: ForestPlan, matrix: Matrix, { rowOf, levels }: GrowthOptions): IsolationTree[] {
  return plan.samples.map((sample, tree) =>
    growTree(matrix, Uint32Array.from(sample, rowOf), plan.seeds[tree] as number, levels),
  );
}

/** @param normalLength path length that makes a score of 0.5: the average one of as many records as each tree was grown on */
export function forestOf(trees: readonly IsolationTree[], normalLength: number): IsolationForest {
  const lengthOfAll = trees.length * normalLength;
  return {
    score(matrix) {
      const scores = new Float64Array(matrix.rows);
      const block = Math.max(abreast, Math.floor(blockBytes / (4 * matrix.width)));
      for (let first = 0; first < matrix.rows; first += block) {
        const end = Math.min(matrix.rows, first + block);
        for (const tree of trees) addPathLengths(tree, matrix, scores, first, end);
      }
      // A single record tells nothing: 0.5.
      for (let row = 0; row < scores.length; row += 1) {
        scores[row] = 2 ** -(lengthOfAll > 0 ? (scores[row] as number) / lengthOfAll : 1);
      }
      return scores;
    },
    contributions(matrix) {
      const contributions = new Float32Array(matrix.rows * matrix.width);
      for (const tree of trees) addCredits(tree, matrix, contributions);
      return contributions;
    },
  };
}

function addPathLengths(tree: IsolationTree, matrix: Matrix, sums: Float64Array, first: number, end: number): void {
  const { depth, column, threshold, pathLength } = tree;
  const { values, width } = matrix;
  const leaves = column.length;
  let row = first;
  let a = first * width;
  for (; row + abreast <= end; row += abreast) {
    const b = a + width;
    const c = b + width;
    const d = c + width;
    let atA = 0;
    let atB = 0;
    let atC = 0;
    let atD = 0;
    for (let level = 0; level < depth; level += 1) {
      const belowA = (values[a + (column[atA] as number)] as number) < (threshold[atA] as number);
      const belowB = (values[b + (column[atB] as number)] as number) < (threshold[atB] as number);
      const belowC = (values[c + (column[atC] as number)] as number) < (threshold[atC] as number);
      const belowD = (values[d + (column[atD] as number)] as number) < (threshold[atD] as number);
      atA = 2 * atA + 2 - Number(belowA);
      atB = 2 * atB + 2 - Number(belowB);
      atC = 2 * atC + 2 - Number(belowC);
      atD = 2 * atD + 2 - Number(belowD);
    }
    sums[row] = (sums[row] as number) + (pathLength[atA - leaves] as number);
    sums[row + 1] = (sums[row + 1] as number) + (pathLength[atB - leaves] as number);
    sums[row + 2] = (sums[row + 2] as number) + (pathLength[atC - leaves] as number);
    sums[row + 3] = (sums[row + 3] as number) + (pathLength[atD - leaves] as number);
    a = d + width;
  }
  for (; row < end; row += 1, a += width) {
    let node = 0;
    for (let level = 0; level < depth; level += 1) {
      const below = (values[a + (column[node] as number)] as number) < (threshold[node] as number);
      node = 2 * node + 2 - Number(below);
    }
    sums[row] = (sums[row] as number) + (pathLength[node - leaves] as number);
  }
}

function addCredits(tree: IsolationTree, matrix: Matrix, contributions: Float32Array): void {
  const { depth, column, threshold, credit } = tree;
  const { values, rows, width } = matrix;
  for (let row = 0, offset = 0; row < rows; row += 1, offset += width) {
    let node = 0;
    for (let level = 0; level < depth; level += 1) {
      const target = offset + (column[node] as number);
      const below = (values[target] as number) < (threshold[node] as number);
      node = 2 * node + 2 - Number(below);
      contributions[target] = (contributions[target] as number) + (credit[node] as number);
    }
  }
}
