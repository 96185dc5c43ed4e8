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
  /**
   * Score of one row, 0–1: `2^(−E[path length] / c(sample size))`. About 0.5 is ordinary.
   *
   * @param contributions as wide as the rows; receives what each column added (see {@link IsolationTree.edgeCredit})
   */
  score(values: Float32Array, row: number, contributions: Float64Array): number;
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
  const trees = plan.samples.map((sample) => growTree(matrix, Uint32Array.from(sample, rowOf), plan.random));
  const size = plan.samples[0]?.length ?? 0;
  const scale = -1 / (trees.length * averagePathLength(size));
  return {
    score(values, row, contributions) {
      const offset = row * matrix.width;
      let depth = 0;
      for (const tree of trees) depth += walk(tree, values, offset, contributions);
      return size < 2 ? 0.5 : 2 ** (depth * scale);
    },
  };
}

function walk(tree: IsolationTree, values: Float32Array, offset: number, contributions: Float64Array): number {
  const { column, threshold, firstChild, edgeCredit } = tree;
  let node = 0;
  let child = firstChild[0] as number;
  while (child !== 0) {
    const split = column[node] as number;
    node = (values[offset + split] as number) < (threshold[node] as number) ? child : child + 1;
    contributions[split] = (contributions[split] as number) + (edgeCredit[node] as number);
    child = firstChild[node] as number;
  }
  return tree.pathLength[node] as number;
}
