import type { Decision, TransactionDecided } from '@sdp/shared/contracts';
import type { SqlTransaction, StageStatement } from '@sdp/shared/messaging';
import { type AuditEntry, type AuditRows, insertAuditRows } from '../../audit/index.ts';
import { type PoolClient, type Queryable, query } from '../../database/index.ts';
import { type DecisionRow, presentDecision } from './stored-decision.ts';

/** A result in its place in the log. */
export interface LoggedDecision {
  readonly clientId: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly decided: TransactionDecided;
}

/** What is stored, raised and written to the audit trail is stored together, and only for the first decision. */
function storeCtes(first: number, condition: string): string {
  const parameter = (n: number) => `$${first + n}`;
  return `
  incoming AS MATERIALIZED (
    SELECT * FROM unnest(${columnTypes.map((type, n) => `${parameter(n)}::${type}[]`).join(', ')})
      AS t(${columns})
     WHERE ${condition}
  ), stored AS (
    INSERT INTO transaction_decision (${columns})
    SELECT * FROM incoming ORDER BY client_id, transaction_id
    ON CONFLICT (client_id, transaction_id) DO NOTHING
    RETURNING client_id, transaction_id, decision, score, model_version, reasons, decided_at
  ), alerted AS (
    INSERT INTO fraud_alert (client_id, transaction_id, level, score, model_version, reasons, raised_at)
    SELECT client_id, transaction_id, decision, score, model_version, reasons, decided_at
      FROM stored WHERE decision = ANY (${parameter(columnTypes.length)}::text[])
    ON CONFLICT (client_id, transaction_id) DO NOTHING
    RETURNING client_id, transaction_id, level, score
  ), audited AS (${insertAuditRows(
    parameter(columnTypes.length + 1),
    `(action = 'transaction.decided' AND EXISTS (
            SELECT FROM stored s WHERE s.client_id = "clientId" AND s.transaction_id = subject))
      OR (action = 'alert.raised' AND EXISTS (
            SELECT FROM alerted a WHERE a.client_id = "clientId" AND a.transaction_id = subject))`,
  )}
  )`;
}

const columns = `client_id, transaction_id, decision, score, model_version, reasons, late, arm, shadow, received_at, decided_at,
                 source_partition, source_offset, split_group`;
const columnTypes = [
  ...['text', 'text', 'text', 'float8', 'text', 'jsonb', 'bool', 'text', 'jsonb', 'timestamptz', 'timestamptz'],
  ...['int', 'bigint', 'int'],
];

/**
 * Stores decisions, alerts for those of the given levels, and their audit lines. A transaction that has a decision keeps it.
 *
 * @param decisions at most one of each transaction
 */
export function decisionsStatement(
  decisions: readonly LoggedDecision[],
  alertLevels: readonly Decision[],
  auditRows: AuditRows,
): StageStatement {
  const column = <T>(pick: (decision: LoggedDecision) => T) => decisions.map(pick);
  return {
    ctes: storeCtes,
    values: [
      column(({ clientId }) => clientId),
      column(({ decided }) => decided.result.transaction_id),
      column(({ decided }) => decided.result.decision),
      column(({ decided }) => decided.result.score),
      column(({ decided }) => decided.result.model_version),
      column(({ decided }) => JSON.stringify(decided.result.reasons)),
      column(({ decided }) => decided.result.late),
      column(({ decided }) => decided.arm),
      column(({ decided }) => (decided.shadow ? JSON.stringify(decided.shadow) : null)),
      column(({ decided }) => decided.result.received_at),
      column(({ decided }) => decided.result.decided_at),
      column(({ partition }) => partition),
      column(({ offset }) => offset.toString()),
      column(({ decided }) => decided.split_group ?? 0),
      alertLevels,
      auditRows(decisions.flatMap((decision) => entriesOf(decision, alertLevels))),
    ],
  };
}

/** For the trail; those of a decision that turns out to be stored already are left out. */
function entriesOf({ clientId, decided }: LoggedDecision, alertLevels: readonly Decision[]): AuditEntry[] {
  const { transaction_id: subject, decision, score, model_version } = decided.result;
  const of = { actor: decider, subject, clientId };
  const made: AuditEntry = { ...of, action: 'transaction.decided', detail: { decision, score, model_version } };
  if (!alertLevels.includes(decision)) return [made];
  return [made, { ...of, action: 'alert.raised', detail: { level: decision, score } }];
}

const decider = { kind: 'system', id: 'sdp-transaction-decide' } as const;

const storeSql = `WITH ${storeCtes(1, 'true')}
  SELECT (SELECT count(*)::int FROM stored) + (SELECT count(*)::int FROM alerted) AS fresh`;

/**
 * Carries {@link decisionsStatement} out by itself.
 *
 * @returns how many decisions and alerts were new, together
 */
export async function storeDecisions(transaction: SqlTransaction, { values }: StageStatement): Promise<number> {
  // Both buses give a client of the driver. A name lets the server keep the plan: making it takes longer than the statement.
  const { rows } = await (transaction as PoolClient).query<{ fresh: number }>({
    ...{ name: 'sdp-decisions-store', text: storeSql, values: [...values] },
  });
  return rows[0]?.fresh ?? 0;
}

/** Where a reader of a client's decisions stands: the offset of each partition from which it has yet to read. */
export type StreamPosition = readonly bigint[];

interface PlacedRow extends DecisionRow {
  readonly source_partition: number;
  readonly source_offset: string;
}

/**
 * The client's decisions at and after the position: some of each partition, always in the order of their partition, and as far as
 * that allows in the order in which they were made.
 *
 * @param limit of all together
 */
export async function readDecisions(pool: Queryable, clientId: string, position: StreamPosition, limit: number) {
  const { rows } = await query<PlacedRow>(
    pool,
    `SELECT d.* FROM unnest($2::int[], $3::bigint[]) AS p(partition, next_offset)
       CROSS JOIN LATERAL (
         SELECT client_id, transaction_id, decision, score, model_version, reasons, late, received_at, decided_at,
                source_partition, source_offset
           FROM transaction_decision
          WHERE client_id = $1 AND source_partition = p.partition AND source_offset >= p.next_offset
          ORDER BY source_offset LIMIT $4) d
      ORDER BY max(d.decided_at) OVER (PARTITION BY d.source_partition ORDER BY d.source_offset),
               d.source_partition, d.source_offset`,
    [
      clientId,
      position.map((_offset, partition) => partition),
      position.map(String),
      Math.max(1, Math.floor(limit / position.length)),
    ],
  );
  return rows.map((row) => ({
    partition: row.source_partition,
    offset: BigInt(row.source_offset),
    decided: presentDecision(row),
  }));
}

/** The position behind the client's last decision. */
export async function lastPosition(pool: Queryable, clientId: string, partitions: number): Promise<bigint[]> {
  const { rows } = await query<{ next_offset: string }>(
    pool,
    `SELECT coalesce((SELECT max(source_offset) + 1 FROM transaction_decision
                       WHERE client_id = $1 AND source_partition = p), 0) AS next_offset
       FROM generate_series(0, $2::int - 1) AS p ORDER BY p`,
    [clientId, partitions],
  );
  return rows.map(({ next_offset }) => BigInt(next_offset));
}
