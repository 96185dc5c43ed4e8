export { createLogger, errorFields, type Logger, type LoggerOptions } from './logger.ts';
export { createMessageMetrics } from './message-metrics.ts';
export { createMetrics, type IntegrityCheck, type Metrics, type RefusalReason, refusalReasons } from './metrics.ts';
export { createModelMetrics } from './model-metrics.ts';
