export { anomalyProcessor } from './anomaly-processor.ts';
export { forestOf, growTrees, type IsolationForest, planForest } from './isolation-forest.ts';
export type { IsolationTree } from './isolation-tree.ts';
