import { growTree, type IsolationTree } from './isolation-tree.ts';
import type { Matrix } from './matrix.ts';
import { averagePathLength } from './path-length.ts';
import { type Random, sampleIndices, seededRandom } from './seeded-random.ts';

/** Trees of a forest and records each is grown on: the paper's values, beyond which the score hardly changes. */
export const treeCount = 100;
export const sampleSize = 256;

/**
 * Isolation forest: Liu, Ting and Zhou, "Isolation Forest", ICDM 2008. Records that random splits separate early are
 * few and different.
 */
export interface IsolationForest {
  /** Scores all rows of a matrix that has the columns the forest was grown on. */
  score(matrix: Matrix): ForestScores;
}

export interface ForestScores {
  /** Per row, 0–1: `2^(−E[path length] / c(sample size))`. About 0.5 is ordinary. */
  readonly scores: Float64Array;
  /** Row-major, as wide as the matrix: what each column did to isolate the row (see {@link IsolationTree}). */
  readonly contributions: Float32Array;
}

/** Which rows each tree is grown on, fixed by the seed, so that only those need to be held in memory. */
export interface ForestPlan {
  readonly samples: readonly Uint32Array[];
  /** Continues the same stream of random numbers for the splits. */
  readonly random: Random;
}

/** Draws the samples for `rowCount` rows. The same seed and count give the same forest. */
export function planForest(rowCount: number, seed: number): ForestPlan {
  const random = seededRandom(seed);
  const size = Math.min(sampleSize, rowCount);
  const samples = Array.from({ length: treeCount }, () => sampleIndices(rowCount, size, random));
  return { samples, random };
}

/**
 * @param rowOf where in `matrix` a row number of the plan is found
 */
export function growForest(plan: ForestPlan, matrix: Matrix, rowOf: (index: number) => number): IsolationForest {
  return forestOf(growTrees(plan, matrix, rowOf), plan.samples[0]?.length ?? 0);
}

/** The trees of a forest, for those who keep them. Parameters as for {@link growForest}. */
export function growTrees(plan: ForestPlan, matrix: Matrix, rowOf: (index: number) => number): IsolationTree[] {
  return plan.samples.map((sample) => growTree(matrix, Uint32Array.from(sample, rowOf), plan.random));
}

/** @param size records that each tree was grown on */
export function forestOf(trees: readonly IsolationTree[], size: number): IsolationForest {
  const scale = -1 / (trees.length * averagePathLength(size));
  return {
    score(scored) {
      const depths = new Float64Array(scored.rows);
      const contributions = new Float32Array(scored.rows * scored.width);
      // Tree by tree, so that one tree at a time is in the nearest cache.
      for (const tree of trees) walkAll(tree, scored, depths, contributions);
      const scores = depths.map((depth) => (size < 2 ? 0.5 : 2 ** (depth * scale)));
      return { scores, contributions };
    },
  };
}

function walkAll(tree: IsolationTree, matrix: Matrix, depths: Float64Array, contributions: Float32Array): void {
  const { depth, column, threshold, pathLength, creditStart, creditColumn, creditBits } = tree;
  const { values, rows, width } = matrix;
  for (let row = 0, offset = 0; row < rows; row += 1, offset += width) {
    let node = 0;
    for (let level = 0; level < depth; level += 1) {
      const below = (values[offset + (column[node] as number)] as number) < (threshold[node] as number);
      node = 2 * node + 2 - Number(below);
    }
    const leaf = node - column.length;
    depths[row] = (depths[row] as number) + (pathLength[leaf] as number);
    const end = creditStart[leaf + 1] as number;
    for (let credit = creditStart[leaf] as number; credit < end; credit += 1) {
      const target = offset + (creditColumn[credit] as number);
      contributions[target] = (contributions[target] as number) + (creditBits[credit] as number);
    }
  }
}
