import type { ClassTable } from './class-table.ts';

/** Classes that are held at once, over all tables. */
const mostClasses = 4_000_000;
const mostTables = 256;

/** Tables made so far, as starting points for coarser ones. */
export class TableCache {
  readonly #finest: ClassTable;
  readonly #tables: ClassTable[] = [];
  #classes = 0;

  constructor(finest: ClassTable) {
    this.#finest = finest;
  }

  /** The table with the fewest classes that is nowhere coarser than `levels`. */
  sourceFor(levels: readonly number[]): ClassTable {
    let source = this.#finest;
    for (const table of this.#tables) {
      if (table.sizes.length < source.sizes.length && isNowhereCoarser(table.levels, levels)) source = table;
    }
    return source;
  }

  keep(table: ClassTable): void {
    // One that is hardly smaller saves nothing.
    if (table.sizes.length > this.#finest.sizes.length * 0.9) return;
    this.#tables.push(table);
    this.#classes += table.sizes.length;
    while (this.#tables.length > mostTables || this.#classes > mostClasses) {
      this.#classes -= this.#tables.shift()?.sizes.length ?? 0;
    }
  }
}

function isNowhereCoarser(levels: readonly number[], than: readonly number[]): boolean {
  for (let column = 0; column < levels.length; column += 1) {
    if ((levels[column] as number) > (than[column] as number)) return false;
  }
  return true;
}
