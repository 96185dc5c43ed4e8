import { type AnnouncedKind, announcedKind, judgeAnnounced } from './column-names.ts';
import { type ColumnStatistics, createColumnStatistics } from './column-statistics.ts';
import type { ColumnFinding, PiiFinding } from './finding.ts';
import { ALL_DIGITS, DIGITS, suspicion } from './prefilter.ts';
import { scanCell, scanSuspect } from './scan.ts';

/** Collects finds per column over the rows of a table; keeps places and counts, never a value. */
export interface ColumnScanner {
  /** Scans one cell. `row` is the 1-based data row. Numbers go in as their decimal text. */
  scan(columnIndex: number, row: number, value: string): void;
  /**
   * First find per column, kind and strength, by column and row. Call it after the last row: evidence that only a whole
   * column gives (bare digits) is weighed here.
   */
  findings(): ColumnFinding[];
}

interface ColumnState {
  readonly label: string;
  readonly announced: AnnouncedKind | undefined;
  readonly statistics: ColumnStatistics;
  readonly found: Map<string, { finding: PiiFinding; row: number; count: number }>;
}

/**
 * Starts a scan of a table with these columns. The names serve as evidence (`phone`, `ssn`, `card_no`: bare digits
 * count under them) and are scanned themselves, since the header of a file without one is a row of data: such a find has
 * row 0, and its `column` says `column 3` instead of the name.
 */
export function createColumnScanner(columns: readonly string[]): ColumnScanner {
  const states = columns.map((name, index): ColumnState => {
    const inName = scanCell(name);
    const state: ColumnState = {
      label: inName === undefined ? name : `column ${index + 1}`,
      announced: announcedKind(name),
      statistics: createColumnStatistics(),
      found: new Map(),
    };
    if (inName !== undefined) note(state, inName, 0);
    return state;
  });
  return {
    scan(columnIndex, row, value) {
      if (value.length === 0) return;
      const state = states[columnIndex];
      if (state === undefined) throw new RangeError('there is no such column');
      const flags = suspicion(value);
      if (flags !== 0) {
        let finding = scanSuspect(value, flags);
        if (finding === undefined && state.announced !== undefined) finding = judgeAnnounced(state.announced, value);
        if (finding !== undefined) note(state, finding, row);
      }
      state.statistics.add(row, value, (flags & (ALL_DIGITS | DIGITS)) !== 0);
    },
    findings: () => states.flatMap((state, columnIndex) => findingsOf(state, columnIndex)),
  };
}

function note(state: ColumnState, finding: PiiFinding, row: number, count = 1): void {
  const slot = `${finding.kind} ${finding.proven}`;
  const earlier = state.found.get(slot);
  if (earlier === undefined) state.found.set(slot, { finding, row, count });
  else earlier.count += count;
}

function findingsOf(state: ColumnState, columnIndex: number): ColumnFinding[] {
  const found = [...state.found.values()].map(({ finding, row, count }) => ({ ...finding, row, count }));
  for (const { kind, row, count } of state.statistics.verdicts()) {
    if (!found.some((finding) => finding.kind === kind)) found.push({ kind, proven: false, row, count });
  }
  return found.sort((a, b) => a.row - b.row).map((finding) => ({ column: state.label, columnIndex, ...finding }));
}
