import { ColumnEncoder, type EncodedColumn } from '@sdp/shared/anonymization';
import type { CsvOptions } from '../csv/index.ts';
import { rewriteTable, type TableInput, type TableSummary } from '../tables/index.ts';

/** The columns of a table that a release is made of, in memory: 4 bytes a cell beside the distinct texts. */
export interface ReadColumns {
  readonly summary: TableSummary;
  /** By name, the columns that are judged: equal numbers are equal, however they are spelled. */
  readonly judged: ReadonlyMap<string, EncodedColumn>;
  /** By name, the columns that are released as they stand. */
  readonly original: ReadonlyMap<string, EncodedColumn>;
  readonly rows: number;
}

/** Stands before values of another type than their field's. */
const typeMark = '\0';

/**
 * Reads columns of a table of any format; nothing is written.
 *
 * @param choose called with the header; names the columns to judge, and those to take as they stand
 */
export async function readColumns(
  table: TableInput,
  choose: (header: readonly string[]) => { readonly judged: readonly string[]; readonly original: readonly string[] },
  options: {
    readonly csv: CsvOptions;
    readonly signal: AbortSignal;
    readonly sheet?: string;
    readonly onRows: (rows: number) => void;
  },
): Promise<ReadColumns> {
  const { csv, signal, sheet, onRows } = options;
  const judged: ColumnEncoder[] = [];
  const original: ColumnEncoder[] = [];
  const summary = await rewriteTable(
    table,
    { write: async () => undefined },
    (header) => {
      const chosen = choose(header);
      judged.push(...chosen.judged.map((name) => new ColumnEncoder(name)));
      original.push(...chosen.original.map((name) => new ColumnEncoder(name)));
      const names = [...new Set([...chosen.judged, ...chosen.original])];
      const edits = names.map((name) => {
        const judge = judged.find((encoder) => encoder.name === name);
        const keep = original.find((encoder) => encoder.name === name);
        return {
          index: header.indexOf(name),
          replace: () => undefined,
          replaceMany: (values: readonly string[]) => {
            for (const value of values) {
              judge?.add(withoutType(value));
              keep?.add(value);
            }
            return new Array<undefined>(values.length);
          },
        };
      });
      return { edits, afterChunk: ({ rows }) => onRows(rows) };
    },
    { csv, signal, ...(sheet === undefined ? {} : { sheet }) },
  );
  return {
    summary,
    judged: new Map(judged.map((encoder) => [encoder.name, encoder.finish()])),
    original: new Map(original.map((encoder) => [encoder.name, encoder.finish('categorical')])),
    rows: summary.rows,
  };
}

function withoutType(value: string): string {
  if (!value.startsWith(typeMark)) return value;
  const literal = value.slice(typeMark.length);
  if (!literal.startsWith('"')) return literal;
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}
