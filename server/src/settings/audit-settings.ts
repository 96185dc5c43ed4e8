import { join, resolve } from 'node:path';
import { z } from 'zod';
import { wholeNumber } from './environment.ts';

/** Environment variables of the audit ledger and of the checks on stored data. */
export const auditVariables = {
  /** A file that only grows; beside the embedded database's data where left out. */
  SDP_AUDIT_ANCHOR: z
    .string()
    .transform((text) => resolve(text))
    .optional(),
  SDP_AUDIT_ANCHOR_SECONDS: wholeNumber(10, 1, 86_400),
  /** Of the check that runs in the background; 0: none. */
  SDP_SWEEP_ROWS_PER_SECOND: wholeNumber(2_000, 0, 10_000_000),
} as const;

export interface AuditSettings {
  /** Path of the file that heads of the ledger are anchored in. */
  readonly anchor: string;
  readonly anchorMs: number;
  /** 0: the background check is off. */
  readonly sweepRowsPerSecond: number;
}

const schema = z.object(auditVariables);

export function auditSettings(variables: z.output<typeof schema>, dataDir: string): AuditSettings {
  return {
    anchor: variables.SDP_AUDIT_ANCHOR ?? join(dataDir, 'audit-heads.ndjson'),
    anchorMs: variables.SDP_AUDIT_ANCHOR_SECONDS * 1_000,
    sweepRowsPerSecond: variables.SDP_SWEEP_ROWS_PER_SECOND,
  };
}
