import type { Generalization } from '../hierarchies/index.ts';
import { countCodes } from './tuples.ts';

/** What the best release has least of. */
export const objectives = ['loss', 'non-uniform-entropy'] as const;
export type Objective = (typeof objectives)[number];

/** Costs of a column's levels. */
export interface ColumnCosts {
  /** By level: what all records together cost on it if none is suppressed. */
  readonly total: Float64Array;
  /** By level and code: what a record costs more if it is suppressed. */
  readonly extra: readonly Float64Array[];
}

/**
 * What generalizing costs, in shares of what hiding everything would: 0 to 1 for the table. Both objectives are sums over
 * cells; a group costs no less than those it consists of, and hiding a cell no less than generalizing it. So the total of
 * a transformation bounds from below what it and all coarser ones cost, whatever they suppress.
 *
 * - `loss`: mean over all cells of the hidden share of the domain; Iyengar, KDD 2002.
 * - `non-uniform-entropy`: bits lost, log2(records of the group / records of the value), over those lost in `*`;
 *   Gionis and Tassa, "k-Anonymization with Minimal Loss of Information", TKDE 21(2), 2009.
 */
export function columnCosts({ column, levels }: Generalization, objective: Objective, columns: number): ColumnCosts {
  const counts = countCodes(column);
  const records = column.codes.length;
  const perLevel = levels.map(({ groupOf, loss }) => {
    if (objective === 'loss') return Float64Array.from(groupOf, (group) => 1 - (loss[group] as number));
    const inGroup = new Float64Array(loss.length);
    for (const [code, group] of groupOf.entries()) {
      inGroup[group] = (inGroup[group] as number) + (counts[code] as number);
    }
    return Float64Array.from(groupOf, (group) => Math.log2(records / Math.max(1, inGroup[group] as number)));
  });
  // The top hides everything, so what a record costs there is what level 0 leaves it to lose.
  const most = objective === 'loss' ? records : sum(counts, perLevel[0] as Float64Array);
  const scale = most > 0 ? 1 / (most * columns) : 0;
  return {
    total: Float64Array.from(perLevel, (extra) => (most - sum(counts, extra)) * scale),
    extra: perLevel.map((extra) => extra.map((value) => value * scale)),
  };
}

function sum(counts: Float64Array, values: Float64Array): number {
  return counts.reduce((total, count, code) => total + count * (values[code] as number), 0);
}
