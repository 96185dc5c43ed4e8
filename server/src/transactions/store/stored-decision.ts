import type { DecidedTransaction, Decision, DecisionReason } from '@sdp/shared/contracts';

/** Columns of `transaction_decision` as far as a client is shown them; null where there is no decision. */
export interface DecisionRow {
  readonly client_id: string;
  readonly transaction_id: string;
  readonly decision: Decision | null;
  readonly score: number;
  readonly model_version: string;
  readonly reasons: readonly DecisionReason[];
  readonly late: boolean;
  readonly received_at: Date;
  readonly decided_at: Date;
}

/** A stored decision as the API shows it: the same, byte for byte, as when it was made. */
export function presentDecision(row: DecisionRow): DecidedTransaction {
  return {
    transaction_id: row.transaction_id,
    status: 'DECIDED',
    decision: row.decision as Decision,
    score: row.score,
    model_version: row.model_version,
    // jsonb has an order of fields of its own.
    reasons: presentReasons(row.reasons),
    late: row.late,
    received_at: row.received_at.toISOString(),
    decided_at: row.decided_at.toISOString(),
  };
}

export function presentReasons(reasons: readonly DecisionReason[]): DecisionReason[] {
  return reasons.map(({ kind, code, text, contribution }) => ({ kind, code, text, contribution }));
}
