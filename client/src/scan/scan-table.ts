import {
  type ClassifiedColumn,
  type ColumnFinding,
  classifyTable,
  type Dictionary,
  hasHeaderRow,
} from '@sdp/shared/detection';
import { commonForm } from './mask-value.ts';
import type { TableSample } from './sample-table.ts';

/** A column, what it was taken for, and how its values look with their content masked. */
export interface ScannedColumn extends ClassifiedColumn {
  /** Its name, or `column_3` in a table without a header. */
  readonly label: string;
  readonly form?: string;
}

export interface ScannedTable {
  readonly sample: TableSample;
  readonly header: boolean;
  readonly columns: readonly ScannedColumn[];
}

const headerRows = 200;

/**
 * Judges a sampled table.
 *
 * @param header whether the first row names the columns; found out where left out
 */
export function scanTable(
  sample: TableSample,
  dictionary: Dictionary,
  thisYear: number,
  header = hasHeaderRow(sample.firstRow, sample.rows.slice(0, headerRows), dictionary, thisYear),
): ScannedTable {
  const rows = header ? sample.rows : [sample.firstRow, ...sample.rows];
  const samples = sample.firstRow.map((name, index) => ({
    ...(header && name.trim() !== '' ? { name } : {}),
    cells: rows.map((row) => (row[index] ?? '').trim()),
  }));
  const classified = classifyTable(samples, dictionary, thisYear);
  const columns = classified.map((column, index): ScannedColumn => {
    const found = sample.findings.filter(({ columnIndex, row }) => columnIndex === index && row > 0);
    const better = withFindings(column, found);
    const form = ['password', 'secret', 'card_security_code'].includes(better.type)
      ? undefined
      : commonForm((samples[index]?.cells ?? []).filter((cell) => cell !== ''));
    return {
      ...better,
      label: header && column.name !== undefined ? column.name : `column_${index + 1}`,
      ...(form === undefined ? {} : { form }),
    };
  });
  // What was read as the header was a row.
  return { sample: header ? sample : { ...sample, rowsRead: sample.rowsRead + 1 }, header, columns };
}

/** Identifiers that stand in cells outside of the sample. */
function withFindings(column: ClassifiedColumn, findings: readonly ColumnFinding[]): ClassifiedColumn {
  const certain = findings.filter(({ proven, kind, count }) => proven || kind === 'email' || count >= 2);
  if (certain.length === 0 || column.class === 'direct' || column.class === 'text') return column;
  if (column.type === 'date' || column.type === 'coordinates') return column;
  const counts = certain.map(({ kind, count }) => `${kind} in ${count}`).join(', ');
  return {
    ...column,
    type: 'mixed',
    class: 'text',
    confidence: 0.8,
    evidence: [`identifiers stand in cells of the whole file (${counts})`, ...column.evidence],
  };
}

/** Columns that every further look at would only confirm: they are replaced as a whole. */
export function knownColumns({ columns }: ScannedTable): ReadonlySet<number> {
  return new Set(columns.filter((column) => column.class === 'direct').map(({ index }) => index));
}

/** The second look at a table, where it left out columns that the first one had recognized. */
export function confirmed(second: ScannedTable, first: ScannedTable): ScannedTable {
  const known = knownColumns(first);
  const columns = second.columns.map((column) =>
    column.class !== 'direct' && known.has(column.index) ? (first.columns[column.index] ?? column) : column,
  );
  return { ...second, columns };
}
