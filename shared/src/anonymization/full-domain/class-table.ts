import type { ClassJudge } from '../models/index.ts';
import { groupEqual, type Packing, type Tuples } from './tuples.ts';
import { mergeRuns, runsOf, type ValueRuns } from './value-runs.ts';

/** The classes that a transformation makes. */
export interface ClassTable {
  /** By column. */
  readonly levels: readonly number[];
  /** One combination of each class. */
  readonly tuples: Uint32Array;
  /** Records of each class. */
  readonly sizes: Uint32Array;
  /** By sensitive column of the judge, the values of each class. */
  readonly values: readonly ValueRuns[];
}

/** Every combination a class of its own. */
export function finestTable(tuples: Tuples, judge: ClassJudge): ClassTable {
  return {
    levels: tuples.generalizations.map(() => 0),
    tuples: Uint32Array.from(tuples.sizes, (_, tuple) => tuple),
    sizes: tuples.sizes,
    values: judge.columns.map((column) => runsOf(column, tuples.tupleOf, tuples.sizes.length)),
  };
}

/** Merges the classes of a table that is nowhere coarser than `levels`: fewer rows to look at than the records are. */
export function coarsen(table: ClassTable, levels: readonly number[], tuples: Tuples, packing: Packing): ClassTable {
  const count = table.tuples.length;
  const words = packing.words(levels, tuples.codes, count, table.tuples);
  const { groupOf, firsts, sizes } = groupEqual(words, count, table.sizes);
  return {
    levels,
    tuples: firsts.map((row) => table.tuples[row] as number),
    sizes,
    values: table.values.map((runs) => mergeRuns(runs, groupOf, sizes.length)),
  };
}
