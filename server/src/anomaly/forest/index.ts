export { drawSample, type ForestPlan, planForest, sampleSize, splitSeed, treeCount, treeSeeds } from './forest-plan.ts';
export { forestOf, growForest, growTrees, type IsolationForest } from './isolation-forest.ts';
export { growTree, type IsolationTree } from './isolation-tree.ts';
export type { ColumnLevels, Matrix } from './matrix.ts';
export { averagePathLength, exactAveragePathLength } from './path-length.ts';
