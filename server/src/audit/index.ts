export { type AuditStore, createAuditStore } from './audit-store.ts';
export { MessageAuditTrail, type MessageAuditTrailOptions } from './message-audit-trail.ts';
