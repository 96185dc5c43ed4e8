export { type AccessLogFields, accessLogParts } from './access-log-parts.ts';
export { type AuditAction, auditActions } from './audit-actions.ts';
export { type AuditStore, createAuditStore } from './audit-store.ts';
export * from './ledger/index.ts';
export { MessageAuditTrail, type MessageAuditTrailOptions } from './message-audit-trail.ts';
export {
  type AuditActor,
  type AuditEntry,
  type AuditRows,
  createAuditRows,
  createRecordAudit,
  insertAuditRows,
  type RecordAudit,
} from './record-audit.ts';
export { createRowMac, type RowMac } from './row-mac.ts';
