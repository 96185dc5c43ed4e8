export type { Environment } from './environment.ts';
export { LiveFile, type LiveFileOptions, type ReadText } from './live-file.ts';
export { messageKeys } from './message-keys.ts';
export { parseYaml, placeInYaml, readYamlFile, unreadable } from './read-yaml-file.ts';
export { generatedServerKey } from './server-key.ts';
export {
  type KafkaSettings,
  type LoadedSettings,
  loadSettings,
  type MessageKeySettings,
  type Settings,
  type TlsFiles,
  type UploadLimits,
} from './settings.ts';
