import { foldText } from '@sdp/shared/detection';
import { isJoinable } from './propose-method.ts';
import type { ScannedColumn } from './scan-table.ts';

/**
 * Proposes namespaces for columns that may be joined, within a table and across the tables of one run: those of one kind
 * of identifier, and ids of persons that go by the same name.
 *
 * @returns by table and column, as in the input; `undefined` where the column stands alone
 */
export function shareNamespaces(
  tables: readonly (readonly ScannedColumn[])[],
): readonly (readonly (string | undefined)[])[] {
  const named = tables.map((columns) => columns.map(namespaceOf));
  const counts = new Map<string, number>();
  for (const name of named.flat()) if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  return named.map((columns) =>
    columns.map((name) => (name !== undefined && (counts.get(name) ?? 0) > 1 ? name : undefined)),
  );
}

function namespaceOf({ type, kind, label }: ScannedColumn): string | undefined {
  if (!isJoinable(type)) return undefined;
  if (type === 'person_id') return `shared.${foldText(label).replace(/[^\p{L}\p{N}]+/gu, '_')}`;
  return `shared.${type === 'national_id' ? (kind ?? foldText(label)) : type}`;
}
