export { seriesDetectorFactory } from './series-detector.ts';
export { type Deviation, type Judgement, SeriesModel } from './series-model.ts';
export { type SeriesSettings, seriesSettingsSchema } from './series-settings.ts';
