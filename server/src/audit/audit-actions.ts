/** All that `audit_event` may tell of, in `subject.deed` form. A closed list: whoever reads the trail can rely on it. */
export const auditActions = [
  // Transactions write these three themselves, in the statement of what they tell of.
  'transaction.decided',
  'alert.raised',
  'outcome.reported',
  'job.uploaded',
  'job.quarantined',
  'upload.refused',
  'record.edited',
  'proposal.made',
  'proposal.approved',
  'proposal.rejected',
  'user.created',
  'user.changed',
  'user.disabled',
  'user.password-changed',
  'user.totp-changed',
  'session.opened',
  'session.refused',
  'session.closed',
  'api-key.created',
  'api-key.revoked',
  'data-key.created',
  'data-key.destroyed',
  'integrity.failed',
  'anomaly.acknowledged',
  'anomaly.resolved',
  'silence.created',
  'silence.ended',
] as const;

export type AuditAction = (typeof auditActions)[number];
