export { forestDetectorFactory } from './forest-detector.ts';
export { type ForestSettings, forestSettingsSchema } from './forest-settings.ts';
