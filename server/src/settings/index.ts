export type { Environment } from './environment.ts';
export { generatedServerKey } from './server-key.ts';
export {
  type KafkaSettings,
  type LoadedSettings,
  loadSettings,
  type Settings,
  type TlsFiles,
  type UploadLimits,
} from './settings.ts';
