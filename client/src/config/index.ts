export type { ConfigFindings } from './config-findings.ts';
export { type ColumnFlags, configFromFlags } from './config-from-flags.ts';
export type { EventConfig, EventMapping, NamedEventField, SingleEventField } from './event-config.ts';
export type { GatewayConfig, GatewayMetric } from './gateway-config.ts';
export { parseConfig, parseDocumentWith } from './parse-config.ts';
export { parseEventConfig } from './parse-event-config.ts';
export { readConfig, readEventConfig } from './read-config.ts';
export type {
  BucketColumn,
  ColumnConfig,
  ConfigMethod,
  DefaultTreatment,
  TokenizationConfig,
} from './tokenization-config.ts';
