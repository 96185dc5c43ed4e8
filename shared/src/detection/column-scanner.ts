import type { ColumnFinding } from './finding.ts';
import { scanCell } from './scan.ts';

/** Collects finds per column over the rows of a table; keeps places and counts, never a value. */
export interface ColumnScanner {
  /** Scans one cell. `row` is the 1-based data row. Numbers go in as their decimal text. */
  scan(columnIndex: number, row: number, value: string): void;
  /** First find per column and kind, evidence of whole columns included, in column order. */
  findings(): ColumnFinding[];
}

/** Starts a scan of a table with these columns; names serve as evidence (`ssn`, `phone`) and in the findings. */
export function createColumnScanner(columns: readonly string[]): ColumnScanner {
  const found = new Map<string, ColumnFinding>();
  return {
    scan(columnIndex, row, value) {
      const finding = scanCell(value);
      if (finding === undefined) return;
      const slot = `${columnIndex}:${finding.kind}`;
      const earlier = found.get(slot);
      found.set(
        slot,
        earlier === undefined
          ? { ...finding, column: columns[columnIndex] ?? '', columnIndex, row, count: 1 }
          : { ...earlier, proven: earlier.proven || finding.proven, count: earlier.count + 1 },
      );
    },
    findings: () => [...found.values()].sort((a, b) => a.columnIndex - b.columnIndex),
  };
}
