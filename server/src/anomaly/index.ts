export { anomalyProcessor } from './batch/anomaly-processor.ts';
export {
  exactAveragePathLength,
  forestOf,
  growTrees,
  type IsolationForest,
  type IsolationTree,
  planForest,
} from './forest/index.ts';
export { type SeriesSettings, seriesDetectorFactory, seriesSettingsSchema } from './series/index.ts';
export { type ForestSettings, forestDetectorFactory, forestSettingsSchema } from './stream/index.ts';
export { type TemplateSettings, templateDetectorFactory, templateSettingsSchema } from './templates/index.ts';
