import { readFileSync } from 'node:fs';
import { ColumnEncoder, generalizationOf, type HierarchyRows, parseHierarchy } from '@sdp/shared/anonymization';
import { hasTestData, testDataPath } from '../test/support/test-data.ts';

const folder = 'anon-arx-adult';

/** Adult as ARX ships it: 30,162 rows, nine columns, a hierarchy for each. */
export interface Adult {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly hierarchies: readonly HierarchyRows[];
  readonly file: string;
  readonly folder: string;
}

/** `undefined` where the test data isn't there. */
export function readAdult(): Adult | undefined {
  if (!hasTestData(folder, 'adult.csv')) return undefined;
  const file = testDataPath(folder, 'adult.csv');
  const [header = [], ...rows] = readTable(file);
  const hierarchies = header.map((name) =>
    parseHierarchy(readFileSync(testDataPath(folder, `adult_hierarchy_${name}.csv`), 'utf8'), name),
  );
  return { header, rows, hierarchies, file, folder: testDataPath(folder) };
}

export function readTable(file: string): string[][] {
  const lines = readFileSync(file, 'utf8').trim().split(/\r?\n/);
  return lines.map((line) => line.split(';').map((cell) => cell.replace(/^"(.*)"$/, '$1')));
}

/**
 * Adult's rows drawn again and again, every tenth cell taken from another row: copies alone would be anonymous as they
 * stand. The same rows each time.
 */
export function resample({ rows }: Adult, count: number): (readonly string[])[] {
  let state = 12_345;
  const draw = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const row = () => rows[Math.floor(draw() * rows.length)] as readonly string[];
  return Array.from({ length: count }, () =>
    row().map((cell, column) => (draw() < 0.1 ? (row()[column] as string) : cell)),
  );
}

/** From rows in memory to columns with their hierarchies: part of what is measured, as in ARX. */
export function encode({ header, hierarchies }: Adult, rows: readonly (readonly string[])[]) {
  const encoders = header.map((name) => new ColumnEncoder(name));
  for (const row of rows) for (const [index, encoder] of encoders.entries()) encoder.add(row[index] as string);
  return encoders.map((encoder, index) =>
    generalizationOf(encoder.finish(), { kind: 'table', rows: hierarchies[index] as HierarchyRows }),
  );
}

/** Loss of a released table, worked out from its labels and the hierarchies alone: whoever made it. */
export function lossOf({ hierarchies }: Adult, released: readonly (readonly string[])[]): number {
  const lossByLabel = hierarchies.map((rows) => {
    const leaves = new Map<string, Set<string>>();
    for (const [value = '', ...labels] of rows) {
      for (const label of [value, ...labels]) leaves.set(label, (leaves.get(label) ?? new Set()).add(value));
    }
    return new Map([...leaves].map(([label, { size }]) => [label, (size - 1) / (rows.length - 1)]));
  });
  let sum = 0;
  for (const row of released) {
    for (const [column, label] of row.entries()) {
      const loss = label === '*' ? 1 : lossByLabel[column]?.get(label);
      if (loss === undefined) throw new Error('a label is not in the hierarchy');
      sum += loss;
    }
  }
  return sum / (released.length * hierarchies.length);
}
