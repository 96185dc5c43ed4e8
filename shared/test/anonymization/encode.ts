import { ColumnEncoder, type EncodedColumn } from '../../src/anonymization/index.ts';

/** Columns of a table given row by row. */
export function encodeRows(rows: readonly (readonly string[])[], width = rows[0]?.length ?? 0): EncodedColumn[] {
  const encoders = Array.from({ length: width }, (_, column) => new ColumnEncoder(`c${column}`));
  for (const row of rows) for (const [column, encoder] of encoders.entries()) encoder.add(row[column] ?? '');
  return encoders.map((encoder) => encoder.finish());
}

/** The released table: one list of values per record. */
export function released(result: {
  readonly classOf: Uint32Array;
  readonly classes: readonly { readonly values: readonly string[] }[];
}): (readonly string[])[] {
  return Array.from(result.classOf, (position) => result.classes[position]?.values ?? []);
}

/** Size of the smallest group of records with equal values: the k of a table, as pyCANON counts it. */
export function smallestGroup(table: readonly (readonly string[])[]): number {
  const sizes = new Map<string, number>();
  for (const row of table) {
    const key = JSON.stringify(row);
    sizes.set(key, (sizes.get(key) ?? 0) + 1);
  }
  let smallest = Number.POSITIVE_INFINITY;
  for (const size of sizes.values()) smallest = Math.min(smallest, size);
  return smallest;
}

/** Whether a generalized value admits an original one; reads the notation anew, from its description. */
export function covers(general: string, original: string): boolean {
  if (general === '*' || general === original) return true;
  const orEmpty = general.endsWith(' or empty');
  if (original === '') return orEmpty;
  const text = orEmpty ? general.slice(0, -' or empty'.length) : general;
  if (text === original) return true;
  if (text.startsWith('{')) return listed(text).includes(original);
  const [, low, high] = /^\[(.*), (.*)\]$/.exec(text) ?? [];
  if (low === undefined || high === undefined) return text === `[${original}]` || sameNumber(text, original);
  return axis(low) <= axis(original) && axis(original) <= axis(high);
}

function listed(text: string): string[] {
  const items = text.slice(1, -1).matchAll(/(?:^|, )("(?:[^"\\]|\\.)*"|[^,]*)/g);
  return Array.from(items, ([, item = '']) => (item.startsWith('"') ? (JSON.parse(item) as string) : item));
}

function axis(text: string): number {
  return /^\d{4}-\d\d/.test(text) ? Date.parse(text) : Number(text);
}

function sameNumber(text: string, original: string): boolean {
  return Number(text.replace(/^\[(.*)\]$/, '$1')) === Number(original);
}

/** What the steps return once they have run to the end, and how often they paused. */
export function finish<T>(steps: Generator<void, T>): { readonly value: T; readonly pauses: number } {
  for (let pauses = 0; ; pauses += 1) {
    const step = steps.next();
    if (step.done) return { value: step.value, pauses };
  }
}
