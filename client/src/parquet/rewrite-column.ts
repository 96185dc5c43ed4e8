import type { ColumnEdit, RowView } from '../csv/index.ts';
import { rowGroupSize } from '../csv/index.ts';

type Values = readonly string[];

/** New texts of one column of a row group; `undefined` stays as it is. */
export function rewriteColumn(
  { index, replace, replaceMany }: ColumnEdit,
  texts: ReadonlyMap<number, Values>,
  { firstRow, width }: { readonly firstRow: number; readonly width: number },
): (string | undefined)[] {
  const own = texts.get(index) ?? [];
  if (replaceMany !== undefined) {
    const results: (string | undefined)[] = [];
    for (let at = 0; at < own.length; at += rowGroupSize) {
      const values = own.slice(at, at + rowGroupSize);
      for (const [offset, result] of replaceMany(values, firstRow + at).entries()) {
        results.push(values[offset] === '' ? undefined : result);
      }
    }
    return results;
  }
  let at = 0;
  const view: RowView = {
    get row() {
      return firstRow + at;
    },
    cellCount: width,
    cell: (column) => texts.get(column)?.[at] ?? '',
  };
  return own.map((text, row) => {
    at = row;
    return text === '' || replace === 'drop' ? undefined : replace(text, firstRow + row, view);
  });
}
