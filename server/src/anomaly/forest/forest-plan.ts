import { MersenneTwister } from './mersenne-twister.ts';

/** Trees of a forest and records each is grown on: the paper's values, beyond which the score hardly changes. */
export const treeCount = 100;
export const sampleSize = 256;

const largestInt32 = 2_147_483_647;

/** Which rows each tree is grown on and what it draws its splits from: fixed by a seed, so that only those rows need to be held in memory. */
export interface ForestPlan {
  readonly samples: readonly Uint32Array[];
  /** Per tree, of its splits. */
  readonly seeds: Uint32Array;
}

/**
 * Draws the samples for `rowCount` rows, in the order in which scikit-learn's `IsolationForest(random_state=seed)` draws
 * them: the same seed and count give the same samples and seeds of trees.
 *
 * @param seed unsigned 32-bit integer
 */
export function planForest(rowCount: number, seed: number): ForestPlan {
  const seeds = treeSeeds(seed);
  const size = Math.min(sampleSize, rowCount);
  return {
    samples: seeds.map((treeSeed) => sampleRows(rowCount, size, new MersenneTwister(treeSeed))),
    seeds: Uint32Array.from(seeds, splitSeed),
  };
}

/** Of all trees of a forest. */
export function treeSeeds(seed: number): number[] {
  const random = new MersenneTwister(seed);
  return Array.from({ length: treeCount }, () => random.below(largestInt32));
}

/** The seed of a tree's splits: a tree is given a seed by its ensemble, and its splitter one by the tree. */
export function splitSeed(treeSeed: number): number {
  const ofTree = new MersenneTwister(treeSeed).below(largestInt32);
  return new MersenneTwister(ofTree).below(largestInt32);
}

/** One tree's sample where only speed matters: {@link planForest} shuffles all rows for each tree. */
export function drawSample(rowCount: number, treeSeed: number): Uint32Array {
  const size = Math.min(sampleSize, rowCount);
  const random = new MersenneTwister(treeSeed);
  return rowCount > 4 * size ? drawUntilNew(rowCount, size, random) : random.permutation(rowCount).slice(0, size);
}

/** `size` different rows below `rowCount`. Which way is cheapest depends on the share, and each uses other numbers. */
function sampleRows(rowCount: number, size: number, random: MersenneTwister): Uint32Array {
  const share = size / rowCount;
  if (share > 0.01 && share < 0.99) return random.permutation(rowCount).slice(0, size);
  return share < 0.2 ? drawUntilNew(rowCount, size, random) : replaceAtRandom(rowCount, size, random);
}

function drawUntilNew(rowCount: number, size: number, random: MersenneTwister): Uint32Array {
  const chosen = new Set<number>();
  while (chosen.size < size) chosen.add(random.below(rowCount));
  return Uint32Array.from(chosen);
}

/** Reservoir sampling (Vitter's algorithm R). */
function replaceAtRandom(rowCount: number, size: number, random: MersenneTwister): Uint32Array {
  const chosen = Uint32Array.from({ length: size }, (_, index) => index);
  for (let row = size; row < rowCount; row += 1) {
    const place = random.below(row + 1);
    if (place < size) chosen[place] = row;
  }
  return chosen;
}
