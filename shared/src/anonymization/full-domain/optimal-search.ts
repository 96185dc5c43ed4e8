import type { Generalization } from '../hierarchies/index.ts';
import type { ClassJudge } from '../models/index.ts';
import { type ClassTable, coarsen, finestTable } from './class-table.ts';
import { Lattice } from './lattice.ts';
import { columnCosts, type Objective } from './objective.ts';
import { TableCache } from './table-cache.ts';
import { Packing, type Tuples, tuplesOf } from './tuples.ts';
import { addRun, type ValueRuns } from './value-runs.ts';
import { Witnesses } from './witnesses.ts';

export interface SearchOptions {
  readonly generalizations: readonly Generalization[];
  readonly judge: ClassJudge;
  /** Records that may be suppressed. */
  readonly mostSuppressed: number;
  readonly objective: Objective;
}

export interface FoundTransformation {
  /** By column. */
  readonly levels: readonly number[];
  /** Of the objective, 0–1. */
  readonly cost: number;
  /** Classes of `table`. */
  readonly suppressed: ReadonlySet<number>;
  readonly table: ClassTable;
  readonly tuples: Tuples;
}

export interface SearchOutcome {
  /** Nothing where no transformation satisfies the models within the limit. */
  readonly found: FoundTransformation | undefined;
  /** Transformations that there are, and how many were looked at. */
  readonly transformations: number;
  readonly checked: number;
}

/**
 * Finds the transformation that costs least, for certain. In the family of OLA (El Emam et al., JAMIA 16(5), 2009) and
 * Flash (Kohlmayer et al., PASSAT 2012): paths through the lattice are searched by halving, and what one transformation
 * shows is passed on to others.
 *
 * - What a transformation suppresses by models that grow safely, all finer ones suppress too, and no cheaper: that cost is
 *   added to the bound of theirs. If it is too much to suppress, they are ruled out.
 * - One whose bound reaches the cost of the best known is ruled out, and all coarser ones with it where the bound is the
 *   cost without suppression (see {@link columnCosts}).
 * - What is left is looked at, in the order of that cost.
 */
export function* searchOptimum(options: SearchOptions): Generator<void, SearchOutcome> {
  const { generalizations, judge, mostSuppressed, objective } = options;
  const tuples = tuplesOf(generalizations);
  yield;
  const packing = new Packing(generalizations);
  const witnesses = new Witnesses(tuples, judge.leastSize);
  const cache = new TableCache(finestTable(tuples, judge));
  const lattice = new Lattice(generalizations.map(({ levels }) => levels.length));
  const costs = generalizations.map((each) => columnCosts(each, objective, generalizations.length));
  const bounds = nodeBounds(lattice, costs);
  /** What a node costs beyond its bound at least, since a coarser one does. */
  const surplus = new Float64Array(lattice.size);
  const seen = new Uint8Array(lattice.size);
  let best: FoundTransformation | undefined;
  let checked = 0;
  const mayWin = (node: number) =>
    seen[node] === 0 && (bounds[node] as number) + (surplus[node] as number) < (best?.cost ?? Number.POSITIVE_INFINITY);

  /** Whether the node suppresses little enough; keeps it if it is the best so far. */
  const check = (node: number): boolean => {
    checked += 1;
    seen[node] = 1;
    const levels = lattice.levelsOf(node);
    if (mostSuppressed === 0 && witnesses.refute(levels)) {
      raiseFiner(lattice, surplus, node, Number.POSITIVE_INFINITY);
      return false;
    }
    const table = coarsen(cache.sourceFor(levels), levels, tuples, packing);
    cache.keep(table);
    const verdict = judgeTable(table, judge, mostSuppressed);
    const extra = (position: number) => {
      const tuple = table.tuples[position] as number;
      let sum = 0;
      for (let column = 0; column < costs.length; column += 1) {
        const code = tuples.codes[column]?.[tuple] as number;
        sum += costs[column]?.extra[levels[column] as number]?.[code] as number;
      }
      return sum * (table.sizes[position] as number);
    };
    const [first] = verdict.forGood;
    if (mostSuppressed === 0 && first !== undefined) witnesses.add(table.tuples[first] as number);
    const forGood = total(verdict.forGood, extra);
    raiseFiner(lattice, surplus, node, verdict.forGoodCount > mostSuppressed ? Number.POSITIVE_INFINITY : forGood);
    if (verdict.count > mostSuppressed) return false;
    const cost = (bounds[node] as number) + forGood + total(verdict.others, extra);
    if (best === undefined || cost < best.cost) {
      const suppressed = new Set([...verdict.forGood, ...verdict.others]);
      best = { levels, cost, suppressed, table, tuples };
    }
    return true;
  };

  const byBound = Uint32Array.from(bounds, (_, node) => node).sort(
    (a, b) => (bounds[a] as number) - (bounds[b] as number) || a - b,
  );
  yield;
  for (const node of byBound) {
    if (best !== undefined && (bounds[node] as number) >= best.cost) break;
    while (mayWin(node)) {
      const path = pathFrom(node, lattice, mayWin, bounds);
      let [low, high] = [0, path.length - 1];
      while (low <= high) {
        const middle = (low + high) >> 1;
        const next = path[middle] as number;
        const fits = !mayWin(next) || check(next);
        if (fits) high = middle - 1;
        else low = middle + 1;
        yield;
      }
    }
  }
  return { found: best, transformations: lattice.size, checked };
}

/** What a node costs if nothing is suppressed. */
function nodeBounds(lattice: Lattice, costs: readonly { readonly total: Float64Array }[]): Float64Array {
  let bounds = Float64Array.of(0);
  for (const { total } of costs) {
    const wider = new Float64Array(bounds.length * total.length);
    for (const [level, cost] of total.entries()) {
      for (const [node, bound] of bounds.entries()) wider[level * bounds.length + node] = bound + cost;
    }
    bounds = wider;
  }
  if (bounds.length !== lattice.size) throw new Error('a lattice has as many nodes as its levels multiply to');
  return bounds;
}

/** Upward from a node, by the cheapest successor that is still of interest. */
function pathFrom(node: number, lattice: Lattice, wanted: (node: number) => boolean, bounds: Float64Array): number[] {
  const path = [node];
  for (let at: number | undefined = node; at !== undefined; ) {
    let next: number | undefined;
    for (const successor of lattice.successors(at)) {
      if (!wanted(successor)) continue;
      if (next === undefined || (bounds[successor] as number) < (bounds[next] as number)) next = successor;
    }
    if (next !== undefined) path.push(next);
    at = next;
  }
  return path;
}

function raiseFiner(lattice: Lattice, surplus: Float64Array, node: number, value: number): void {
  const pending = [node];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    for (const finer of lattice.predecessors(at)) {
      // Where it is as much already, it is so for all that are finer still.
      if ((surplus[finer] as number) >= value) continue;
      surplus[finer] = value;
      pending.push(finer);
    }
  }
}

function total(positions: readonly number[], costOf: (position: number) => number): number {
  let sum = 0;
  for (const position of positions) sum += costOf(position);
  return sum;
}

/** Which classes must be suppressed: those that no finer transformation could keep either, and others. */
function judgeTable({ sizes, values }: ClassTable, judge: ClassJudge, mostSuppressed: number) {
  const verdict = { forGood: [] as number[], others: [] as number[], count: 0, forGoodCount: 0 };
  for (let position = 0; position < sizes.length; position += 1) {
    const size = sizes[position] as number;
    const fill = (column: number, counts: Parameters<typeof addRun>[2]) =>
      addRun(values[column] as ValueRuns, position, counts);
    if (judge.allowsCounted(size, fill)) continue;
    verdict.count += size;
    // Where nothing may be suppressed, one class that isn't as asked is enough: classes that it is the union of can't all be.
    if (judge.growsSafely || mostSuppressed === 0 || !judge.allowsCounted(size, fill, true)) {
      verdict.forGood.push(position);
      verdict.forGoodCount += size;
      if (verdict.forGoodCount > mostSuppressed) break;
    } else verdict.others.push(position);
  }
  return verdict;
}
