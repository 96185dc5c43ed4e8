import type { Decision } from '@sdp/shared/contracts';
import { type Pool, query } from '../../database/index.ts';
import type { Arm } from '../hosting/split-rules.ts';

/** Decisions that were stored, by who made them and for which group of customers. */
export interface DecisionCount {
  readonly arm: Arm;
  readonly version: string;
  readonly decision: Decision;
  readonly group: number;
  readonly count: number;
}

/** A decision of which it is known what became of the transaction. */
export interface KnownOutcome {
  readonly arm: Arm;
  readonly version: string;
  readonly score: number;
  readonly decision: Decision;
  readonly fraud: boolean;
  readonly group: number;
  readonly shadow?: { readonly version: string; readonly score: number; readonly decision: Decision };
}

/** Decisions for which a shadow model said something, by what both said. */
export interface ShadowCount {
  readonly version: string;
  readonly decision: Decision;
  readonly shadowVersion: string;
  readonly shadowDecision: Decision;
  readonly group: number;
  readonly count: number;
}

/** Where a report finds what was decided and what it turned out to be. */
export interface ReportSource {
  decisions(since: Date): Promise<readonly DecisionCount[]>;
  shadows(since: Date): Promise<readonly ShadowCount[]>;
  /** The newest first, at most `limit`. */
  outcomes(since: Date, limit: number): Promise<readonly KnownOutcome[]>;
}

interface OutcomeRow {
  readonly arm: Arm;
  readonly model_version: string;
  readonly score: number;
  readonly decision: Decision;
  readonly fraud: boolean;
  readonly split_group: number;
  readonly shadow: { readonly model_version: string; readonly score: number; readonly decision: Decision } | null;
}

/** Reads the tables of the transaction pipeline. */
export function createReportSource(pool: Pool): ReportSource {
  return {
    async decisions(since) {
      const { rows } = await query<{ arm: Arm; version: string; decision: Decision; group: number; count: string }>(
        pool,
        `SELECT arm, model_version AS version, decision, split_group AS "group", count(*) AS count
           FROM transaction_decision WHERE decided_at >= $1 GROUP BY 1, 2, 3, 4`,
        [since],
      );
      return rows.map((row) => ({ ...row, count: Number(row.count) }));
    },
    async shadows(since) {
      const { rows } = await query<{
        version: string;
        decision: Decision;
        shadow_version: string;
        shadow_decision: Decision;
        group: number;
        count: string;
      }>(
        pool,
        `SELECT model_version AS version, decision, shadow->>'model_version' AS shadow_version,
                shadow->>'decision' AS shadow_decision, split_group AS "group", count(*) AS count
           FROM transaction_decision WHERE decided_at >= $1 AND shadow IS NOT NULL GROUP BY 1, 2, 3, 4, 5`,
        [since],
      );
      return rows.map(({ version, decision, shadow_version, shadow_decision, group, count }) => ({
        version,
        decision,
        shadowVersion: shadow_version,
        shadowDecision: shadow_decision,
        group,
        count: Number(count),
      }));
    },
    async outcomes(since, limit) {
      const { rows } = await query<OutcomeRow>(
        pool,
        `SELECT d.arm, d.model_version, d.score, d.decision, o.fraud, d.split_group, d.shadow
           FROM transaction_decision d
           JOIN transaction_outcome o ON o.client_id = d.client_id AND o.transaction_id = d.transaction_id
          WHERE d.decided_at >= $1 ORDER BY d.decided_at DESC LIMIT $2`,
        [since, limit],
      );
      return rows.map(({ arm, model_version, score, decision, fraud, split_group, shadow }) => ({
        arm,
        version: model_version,
        score,
        decision,
        fraud,
        group: split_group,
        ...(shadow && {
          shadow: { version: shadow.model_version, score: shadow.score, decision: shadow.decision },
        }),
      }));
    },
  };
}
