export { AuditLog } from './audit-log.ts';
export { type AuditLine, auditKey, type OutcomeEvent, type RevealEvent } from './log-line.ts';
export { type LogPlace, logPlaces, obstacleToWriting, placeToWrite } from './log-place.ts';
export { addReasonFlag } from './reason-flag.ts';
export { parseReason, recordReveal, revealing } from './record-reveal.ts';
export { bulkRevealLimit, type RevealEntry, type RevealRequest, type RevealRun } from './reveal-request.ts';
export { stateFolder } from './state-folder.ts';
export { listReveals, type RevealRow, restartLog, verifyLogs } from './vault-logs.ts';
export { type LogDamage, type LogDamageKind, type LogReport, verifyLog } from './verify-log.ts';
