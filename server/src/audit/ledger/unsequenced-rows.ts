import { type PoolClient, query } from '../../database/index.ts';
import type { RowMac } from '../row-mac.ts';
import type { FindingList } from './ledger-report.ts';
import { columnList, type LedgerSource, type SourceRow } from './ledger-sources.ts';

const maxRows = 1_000;

/**
 * Rows that are no entry of the ledger: those it should have taken were put in with SQL, others wait for it.
 *
 * @returns how many wait
 */
export async function checkUnsequenced(
  client: PoolClient,
  sources: readonly LedgerSource[],
  macOf: RowMac,
  size: number,
  findings: FindingList,
): Promise<number> {
  let pending = 0;
  for (const source of sources) {
    const { name, idColumn, uniqueColumn } = source;
    const { rows } = await query<SourceRow & { was_seen: boolean; all_rows: string }>(
      client,
      `SELECT ${columnList(source)}, count(*) OVER () AS all_rows,
              coalesce(pg_visible_in_snapshot(xact, (SELECT seen FROM audit_position)), $1::bigint > 0) AS was_seen
         FROM ${name} AS source
        WHERE NOT EXISTS (SELECT FROM audit_leaf WHERE source = '${name}' AND source_id = source.${idColumn}::text)
        ORDER BY was_seen DESC, ${idColumn} LIMIT ${maxRows}`,
      [size],
    );
    const inserted = rows.filter((row) => row.was_seen);
    for (const row of inserted) findings.add({ kind: 'row-inserted', source: name, sourceId: row.id });
    for (const row of rows) {
      if (row.was_seen || source.isGenuine?.(row, macOf, size === 0) !== false) continue;
      findings.add({ kind: 'row-forged', source: name, sourceId: row.id });
    }
    pending += Number(rows[0]?.all_rows ?? 0) - inserted.length;
    if (uniqueColumn === undefined) continue;
    const { rows: copies } = await query<{ id: string }>(
      client,
      `SELECT max(${idColumn})::text AS id FROM ${name} WHERE ${uniqueColumn} IS NOT NULL
        GROUP BY ${uniqueColumn} HAVING count(*) > 1 ORDER BY 1 LIMIT ${maxRows}`,
    );
    for (const { id } of copies) findings.add({ kind: 'row-copied', source: name, sourceId: id });
  }
  return pending;
}
