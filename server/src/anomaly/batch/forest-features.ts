import type { Cell } from '@sdp/shared/contracts';
import { nameHash } from '../../detectors/index.ts';
import type { SelectedColumn } from './column-selection.ts';
import { categoryOf, isEmpty, readDate, readNumber } from './read-cell.ts';

/** One number of a record that the forest looks at. */
export interface ForestFeature {
  /** Of the column that it is read from. */
  readonly name: string;
  readonly kind: 'number' | 'time_of_day' | 'category';
  readonly index: number;
  /** NaN where the cell doesn't give one. */
  readonly read: (cell: Cell | undefined) => number;
  /** For categories: all values that it may have, ascending. */
  readonly levels: Float32Array | undefined;
  /** For categories: how rare the value of the record in the middle is. */
  readonly usual?: number;
}

/**
 * What stands for each column. Numbers stand for themselves, dates for days (and where they have times, hours of the day), a
 * category for how rare it is in the batch: `log2(records / records with this value)` bits. So rare values lie apart from
 * common ones however the categories are called, two common ones close together, and a column stays one column.
 */
export function featuresOf(columns: readonly SelectedColumn[], records: number): ForestFeature[] {
  return columns.flatMap((column) => {
    const { index, name, as } = column;
    if (as.kind === 'category') return [{ name, index, kind: 'category', ...rarities(as.counts, records) }];
    if (as.kind === 'date') return dateFeatures(index, name, as);
    const { form, from = 0, unit = 1 } = as;
    const read = (cell: Cell | undefined) => (readNumber(cell, form) - from) / unit;
    return [{ name, index, kind: 'number', levels: undefined, read }];
  });
}

function dateFeatures(
  index: number,
  name: string,
  { from, hasTimes }: { readonly from: number; readonly hasTimes: boolean },
): ForestFeature[] {
  const days = (cell: Cell | undefined) => (readDate(cell)?.days ?? Number.NaN) - from;
  const hours = (cell: Cell | undefined) => readDate(cell)?.hours ?? Number.NaN;
  const day: ForestFeature = { name, index, kind: 'number', levels: undefined, read: days };
  return hasTimes ? [day, { name, index, kind: 'time_of_day', levels: undefined, read: hours }] : [day];
}

function rarities(
  counts: ReadonlyMap<number, number>,
  records: number,
): Pick<ForestFeature, 'levels' | 'read' | 'usual'> {
  const rarity = new Map([...counts].map(([hash, count]) => [hash, Math.fround(Math.log2(records / count))]));
  const usual = medianRarity(counts, records);
  const empty = nameHash('');
  // A gap by itself is no anomaly: it is at most as rare as what the record in the middle has.
  if (rarity.has(empty)) rarity.set(empty, Math.min(rarity.get(empty) as number, usual));
  return {
    usual,
    levels: Float32Array.from(new Set(rarity.values())).sort(),
    read: (cell) => rarity.get(nameHash(isEmpty(cell) ? '' : categoryOf(cell))) ?? usual,
  };
}

/** The rarity that half of the records are above, and half below. */
function medianRarity(counts: ReadonlyMap<number, number>, records: number): number {
  let left = records / 2;
  for (const count of [...counts.values()].sort((a, b) => b - a)) {
    left -= count;
    if (left <= 0) return Math.fround(Math.log2(records / count));
  }
  return 0;
}
