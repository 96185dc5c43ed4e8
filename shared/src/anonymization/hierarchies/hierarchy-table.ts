import { ConfigError } from '../../errors/index.ts';
import type { EncodedColumn } from '../encoded-column.ts';
import { positionOf } from '../value-order.ts';
import { type Generalization, stackLevels } from './generalization.ts';

/** Rows of a hierarchy in ARX's form: a value, then what it is generalized to, level by level. */
export type HierarchyRows = readonly (readonly string[])[];

/**
 * Checks that rows are a hierarchy: as many levels in each, each value once, and what is equal on one level equal on all
 * higher ones.
 *
 * @param name of the column, for the message
 * @throws {ConfigError} `hierarchy-invalid` with the line; never with a value
 */
export function assertHierarchy(rows: HierarchyRows, name: string): void {
  const [first] = rows;
  const fail = (message: string, line: number): never => {
    throw new ConfigError('hierarchy-invalid', {
      message: `The hierarchy of ${name}: ${message}`,
      details: { column: name, findings: [{ message, line }] },
    });
  };
  if (first === undefined) fail('there is no row in it', 1);
  const width = first?.length ?? 0;
  const seen = new Set<string>();
  const parents = Array.from({ length: width }, () => new Map<string, string>());
  for (const [index, row] of rows.entries()) {
    if (row.length !== width) fail('a row has more or fewer levels than the first', index + 1);
    if (seen.has(row[0] as string)) fail('a value stands here a second time', index + 1);
    seen.add(row[0] as string);
    for (let level = 0; level + 1 < width; level += 1) {
      const [label, parent] = [row[level] as string, row[level + 1] as string];
      const known = parents[level]?.get(label);
      if (known === undefined) parents[level]?.set(label, parent);
      else if (known !== parent) fail(`what is equal on level ${level} must be equal on level ${level + 1}`, index + 1);
    }
  }
}

/**
 * Lays a hierarchy over a column. The loss of a group is (its values − 1) / (all values − 1), counted in the hierarchy,
 * whether or not they occur: Iyengar, "Transforming Data to Satisfy Privacy Constraints", KDD 2002, as ARX counts it.
 *
 * @throws {ConfigError} `hierarchy-invalid` also if the column has values that the hierarchy doesn't
 */
export function generalizeByTable(column: EncodedColumn, rows: HierarchyRows): Generalization {
  assertHierarchy(rows, column.name);
  const width = rows[0]?.length ?? 1;
  const byText = new Map(rows.map((row) => [row[0] as string, row]));
  const rowOf = rowFinder(column, byText);
  const found = column.texts.map((text, code) => (code === 0 ? undefined : rowOf(text)));
  const missing = found.filter((row, code) => code > 0 && row === undefined).length;
  if (missing > 0) {
    throw new ConfigError('hierarchy-invalid', {
      message: `The hierarchy of ${column.name} lacks ${missing} of the column's ${column.texts.length - 1} values`,
      remedy: 'Add a row for every value that occurs.',
      details: { column: column.name, count: missing },
    });
  }
  const labels = Array.from({ length: width - 1 }, (_, level) => found.map((row) => row?.[level + 1] ?? ''));
  const leaves = labels.map((_, level) => {
    const count = new Map<string, number>();
    for (const row of rows) count.set(row[level + 1] as string, (count.get(row[level + 1] as string) ?? 0) + 1);
    return count;
  });
  return stackLevels(column, labels, (level, [code = 0]) => {
    const count = leaves[level]?.get(labels[level]?.[code] as string) ?? 1;
    return rows.length > 1 ? (count - 1) / (rows.length - 1) : 0;
  });
}

/** By text; of numbers and dates also by what they say, since `07` and `7` share a code. */
function rowFinder({ kind }: EncodedColumn, byText: ReadonlyMap<string, readonly string[]>) {
  if (kind === 'categorical') return (text: string) => byText.get(text);
  const byPosition = new Map([...byText].map(([text, row]) => [positionOf(text, kind), row]));
  return (text: string) => byText.get(text) ?? byPosition.get(positionOf(text, kind));
}
