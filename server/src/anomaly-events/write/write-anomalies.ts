import type { SqlTransaction } from '@sdp/shared/messaging';
import type { AnomalyFinding } from '../anomaly-finding.ts';
import { anomalyIdOf, type FindingRow, findingRow } from './finding-row.ts';
import { lockKeysSql, storeFindingsSql } from './write-anomalies-sql.ts';

/** What became of findings. */
export interface WrittenAnomalies {
  /** Anomalies that were not known. */
  readonly created: number;
  /** Anomalies that were open and are now known to have gone on. */
  readonly repeated: number;
}

/**
 * Stores findings in the caller's transaction, with an alert for each anomaly that is new. Findings of one dedupe key are one
 * anomaly, which stands under the earliest and counts the others, until it is resolved: the next one begins another. A finding
 * that was counted before, told by its evidence, changes nothing. So findings may come in any order and as often as they like.
 *
 * @param findings of any clients
 * @throws whatever the database does; the transaction is over then
 */
export async function writeAnomalies(
  transaction: SqlTransaction,
  findings: readonly AnomalyFinding[],
): Promise<WrittenAnomalies> {
  const rows = distinct(findings.map(findingRow));
  if (rows.length === 0) return { created: 0, repeated: 0 };
  const { rows: locked } = await transaction.query(lockKeysSql, [JSON.stringify(firstOfKeys(rows))]);
  const ids = new Map(
    locked.map(({ client_id, dedupe_key, recurrence, is_new }) => {
      const key = keyOf({ client_id: String(client_id), dedupe_key: String(dedupe_key) });
      const next = is_new ? 0 : Number(recurrence) + 1;
      return [key, { next_recurrence: next, next_id: anomalyIdOf(String(client_id), String(dedupe_key), next) }];
    }),
  );
  const { rows: written } = await transaction.query(storeFindingsSql, [
    JSON.stringify(rows.map((row) => ({ ...row, ...ids.get(keyOf(row)) }))),
  ]);
  return { created: Number(written[0]?.['created']), repeated: Number(written[0]?.['repeated']) };
}

/** Each finding once: a statement can't meet its own rows. */
function distinct(rows: readonly FindingRow[]): FindingRow[] {
  return [...new Map(rows.map((row) => [`${keyOf(row)} ${row.evidence_key}`, row])).values()];
}

/** What a key that is new begins with: its earliest finding, or any of them. */
function firstOfKeys(rows: readonly FindingRow[]) {
  const firsts = new Map(rows.map((row) => [keyOf(row), row]));
  return [...firsts.values()].map(({ client_id, dedupe_key, timestamp, evidence_key }) => {
    return { client_id, dedupe_key, evidence_key, at: timestamp, anomaly_id: anomalyIdOf(client_id, dedupe_key, 0) };
  });
}

function keyOf({ client_id, dedupe_key }: Pick<FindingRow, 'client_id' | 'dedupe_key'>): string {
  return `${client_id} ${dedupe_key}`;
}
