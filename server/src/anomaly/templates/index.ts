export { templateDetectorFactory } from './template-detector.ts';
export { type TemplateSettings, templateSettingsSchema } from './template-settings.ts';
