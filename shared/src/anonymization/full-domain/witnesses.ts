import type { Tuples } from './tuples.ts';

const mostKept = 4;

/**
 * Combinations that were too rare under some transformation, as a quick way to see that another doesn't do either: one
 * whose class is still too small is enough where nothing may be suppressed, and counting one class is cheaper than
 * making all of them.
 */
export class Witnesses {
  readonly #tuples: Tuples;
  readonly #leastSize: number;
  readonly #places: readonly CodePlaces[];
  /** The one that was of use last comes first. */
  readonly #kept: number[] = [];

  constructor(tuples: Tuples, leastSize: number) {
    this.#tuples = tuples;
    this.#leastSize = leastSize;
    this.#places = tuples.codes.map((codes, column) =>
      placesOf(codes, tuples.generalizations[column]?.column.texts.length ?? 0),
    );
  }

  add(tuple: number): void {
    this.#kept.unshift(tuple);
    if (this.#kept.length > mostKept) this.#kept.pop();
  }

  /** Whether one of them shows that a class would be too small. `false` says nothing. */
  refute(levels: readonly number[]): boolean {
    const place = this.#kept.findIndex((tuple) => this.#isRare(tuple, levels));
    if (place < 0) return false;
    this.#kept.unshift(...this.#kept.splice(place, 1));
    return true;
  }

  #isRare(witness: number, levels: readonly number[]): boolean {
    const { sizes } = this.#tuples;
    const [rarest, ...others] = this.#groupsOf(witness, levels);
    if (rarest === undefined) return false;
    let size = 0;
    for (const code of rarest.members) {
      const { starts, tuples } = rarest.places;
      for (let index = starts[code] as number; index < (starts[code + 1] as number); index += 1) {
        const tuple = tuples[index] as number;
        let alike = true;
        for (let at = 0; alike && at < others.length; at += 1) {
          const { codes, groupOf, group } = others[at] as Group;
          alike = groupOf[codes[tuple] as number] === group;
        }
        if (!alike) continue;
        size += sizes[tuple] as number;
        if (size >= this.#leastSize) return false;
      }
    }
    return true;
  }

  /** The witness's groups, those that fewest combinations are in first; columns that are wholly hidden left out. */
  #groupsOf(witness: number, levels: readonly number[]): Group[] {
    const { generalizations, codes } = this.#tuples;
    return generalizations
      .flatMap(({ levels: all }, column) => {
        const level = levels[column] as number;
        if (level === all.length - 1) return [];
        const groupOf = all[level]?.groupOf as Uint32Array;
        const own = codes[column] as Uint32Array;
        const places = this.#places[column] as CodePlaces;
        const group = groupOf[own[witness] as number] as number;
        const members: number[] = [];
        let count = 0;
        for (let code = 0; code < groupOf.length; code += 1) {
          if (groupOf[code] !== group) continue;
          members.push(code);
          count += (places.starts[code + 1] as number) - (places.starts[code] as number);
        }
        return [{ codes: own, groupOf, group, places, members, count }];
      })
      .sort((a, b) => a.count - b.count);
  }
}

interface Group {
  readonly codes: Uint32Array;
  readonly groupOf: Uint32Array;
  readonly group: number;
  readonly places: CodePlaces;
  readonly members: readonly number[];
  readonly count: number;
}

/** Where each code of a column stands: in the combinations `tuples[starts[code]]` … `tuples[starts[code + 1] − 1]`. */
interface CodePlaces {
  readonly starts: Uint32Array;
  readonly tuples: Uint32Array;
}

function placesOf(codes: Uint32Array, domain: number): CodePlaces {
  const starts = new Uint32Array(domain + 1);
  for (const code of codes) starts[code + 1] = (starts[code + 1] as number) + 1;
  for (let code = 1; code <= domain; code += 1) starts[code] = (starts[code] as number) + (starts[code - 1] as number);
  const tuples = new Uint32Array(codes.length);
  const next = starts.slice();
  for (let tuple = 0; tuple < codes.length; tuple += 1) {
    const code = codes[tuple] as number;
    tuples[next[code] as number] = tuple;
    next[code] = (next[code] as number) + 1;
  }
  return { starts, tuples };
}
