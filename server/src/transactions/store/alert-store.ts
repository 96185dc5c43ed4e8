import type { DecisionReason, FraudAlert } from '@sdp/shared/contracts';
import { type Queryable, query } from '../../database/index.ts';
import { presentReasons } from './stored-decision.ts';

export interface AlertFilter {
  readonly clientId: string;
  readonly level?: FraudAlert['level'] | undefined;
  /** Only older ones than this. */
  readonly before?: string | undefined;
  readonly limit: number;
}

interface AlertRow {
  readonly alert_id: string;
  readonly transaction_id: string;
  readonly level: FraudAlert['level'];
  readonly score: number;
  readonly model_version: string;
  readonly reasons: readonly DecisionReason[];
  readonly raised_at: Date;
}

/** A client's alerts, newest first. */
export async function listAlerts(
  pool: Queryable,
  { clientId, level, before, limit }: AlertFilter,
): Promise<FraudAlert[]> {
  const { rows } = await query<AlertRow>(
    pool,
    `SELECT alert_id, transaction_id, level, score, model_version, reasons, raised_at FROM fraud_alert
      WHERE client_id = $1 AND ($2::text IS NULL OR level = $2) AND ($3::bigint IS NULL OR alert_id < $3)
      ORDER BY alert_id DESC LIMIT $4`,
    [clientId, level ?? null, before ?? null, limit],
  );
  return rows.map((row) => ({
    alert_id: row.alert_id,
    transaction_id: row.transaction_id,
    level: row.level,
    score: row.score,
    model_version: row.model_version,
    reasons: presentReasons(row.reasons),
    raised_at: row.raised_at.toISOString(),
  }));
}
