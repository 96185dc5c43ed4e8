export { type ColumnFlags, configFromFlags } from './config-from-flags.ts';
export { parseConfig } from './parse-config.ts';
export { readConfig } from './read-config.ts';
export type {
  BucketColumn,
  ColumnConfig,
  ConfigMethod,
  DefaultTreatment,
  TokenizationConfig,
} from './tokenization-config.ts';
