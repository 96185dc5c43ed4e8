import { InputError } from '@sdp/shared/errors';
import type { ColumnEdit, CsvOptions } from '../csv/index.ts';
import { rewriteTable, type TableInput } from '../tables/index.ts';
import type { TokenizingAuthority } from './column-authority.ts';
import { columnEdits } from './column-edits.ts';
import type { ColumnPlan, ColumnRule } from './column-rule.ts';

/** A cell before and after its column's method. */
export interface PreviewCell {
  readonly before: string;
  /** `undefined` where the cell stays as it is. */
  readonly after: string | undefined;
  /** Why the method cannot take the value; the run would fail there. */
  readonly problem?: string;
}

export interface PreviewRow {
  /** 1-based data row. */
  readonly row: number;
  /** By the columns' indexes in the input; columns to keep or drop and empty cells are not in it. */
  readonly cells: ReadonlyMap<number, PreviewCell>;
}

export interface Preview {
  readonly rules: readonly ColumnRule[];
  readonly rows: readonly PreviewRow[];
}

/** Treats the first rows of a table as a run would, writing nothing. Reads no further than it must. */
export async function previewRows(
  table: TableInput,
  request: {
    readonly plan: ColumnPlan;
    readonly authority: TokenizingAuthority;
    readonly rows: number;
    readonly csv: CsvOptions;
    readonly signal: AbortSignal;
    /** Sheet of a workbook. */
    readonly sheet?: string | undefined;
  },
): Promise<Preview> {
  const { plan, authority, rows: wanted, csv, signal, sheet } = request;
  let rules: readonly ColumnRule[] = [];
  const seen: Map<number, PreviewCell>[] = [];
  const record = (row: number, index: number, cell: PreviewCell) => {
    while (seen.length < row) seen.push(new Map());
    seen[row - 1]?.set(index, cell);
  };
  try {
    const { rows } = await rewriteTable(
      table,
      { write: () => Promise.resolve() },
      (header) => {
        rules = plan(header);
        const { edits } = columnEdits(rules, authority);
        const watched = edits.flatMap((edit) => watch(edit, wanted, record));
        return { edits: watched };
      },
      { csv, signal, ...(sheet === undefined ? {} : { sheet }) },
    );
    while (seen.length < Math.min(rows, wanted)) seen.push(new Map());
  } catch (error) {
    if (error !== enoughRows) throw error;
  }
  return { rules, rows: seen.map((cells, at) => ({ row: at + 1, cells })) };
}

const enoughRows = new Error('enough rows were read');

function watch(
  edit: ColumnEdit,
  wanted: number,
  record: (row: number, index: number, cell: PreviewCell) => void,
): ColumnEdit[] {
  const { index, replace } = edit;
  if (replace === 'drop') return [];
  return [
    {
      index,
      replace: (before, row, view) => {
        if (row > wanted) throw enoughRows;
        try {
          record(row, index, { before, after: replace(before, row, view) });
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          record(row, index, { before, after: undefined, problem: error.message });
        }
        return undefined;
      },
    },
  ];
}
