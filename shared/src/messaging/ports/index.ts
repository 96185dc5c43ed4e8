export { type MessageAction, type MessageAudit, type MessageAuditEvent, noAudit, recordAll } from './message-audit.ts';
export { type MessageLogger, noLogger } from './message-logger.ts';
export { type MessageMetrics, noMetrics } from './message-metrics.ts';
