import type { EncodedColumn } from '../encoded-column.ts';
import type { Generalization } from '../hierarchies/index.ts';

/** The different combinations of codes in a table, each once. */
export interface Tuples {
  readonly generalizations: readonly Generalization[];
  /** Combination of each record. */
  readonly tupleOf: Uint32Array;
  /** By column, the code in each combination. */
  readonly codes: readonly Uint32Array[];
  /** Records of each combination. */
  readonly sizes: Uint32Array;
}

export function tuplesOf(generalizations: readonly Generalization[]): Tuples {
  const columns = generalizations.map(({ column }) => column);
  const count = columns[0]?.codes.length ?? 0;
  const packing = new Packing(generalizations);
  const words = packing.words(
    generalizations.map(() => 0),
    columns.map(({ codes }) => codes),
    count,
  );
  const { groupOf, firsts, sizes } = groupEqual(words, count);
  return {
    generalizations,
    tupleOf: groupOf,
    codes: columns.map(({ codes }) => firsts.map((record) => codes[record] as number)),
    sizes,
  };
}

/** Where each column's group stands in a row's key of 32-bit words; a key says all groups exactly. */
export class Packing {
  /** By column and level, the group of each code, shifted to its place. */
  readonly #parts: readonly (readonly Int32Array[])[];
  readonly #wordOf: readonly number[];
  readonly #wordCount: number;

  constructor(generalizations: readonly Generalization[]) {
    const wordOf: number[] = [];
    const parts: Int32Array[][] = [];
    let [word, used] = [0, 0];
    for (const { column, levels } of generalizations) {
      const bits = Math.max(1, 32 - Math.clz32(column.texts.length));
      if (used + bits > 32) [word, used] = [word + 1, 0];
      const shift = used;
      wordOf.push(word);
      parts.push(levels.map(({ groupOf }) => Int32Array.from(groupOf, (group) => group << shift)));
      used += bits;
    }
    this.#parts = parts;
    this.#wordOf = wordOf;
    this.#wordCount = word + 1;
  }

  /** Keys of `count` rows on the levels given. `codes` hold, by column, each row's code; `rows` picks rows of them. */
  words(levels: readonly number[], codes: readonly Uint32Array[], count: number, rows?: Uint32Array): Int32Array[] {
    const words = Array.from({ length: this.#wordCount }, () => new Int32Array(count));
    for (const [column, level] of levels.entries()) {
      const parts = this.#parts[column] ?? [];
      // On top all are in one group.
      if (level === parts.length - 1) continue;
      const part = parts[level] as Int32Array;
      const word = words[this.#wordOf[column] as number] as Int32Array;
      const own = codes[column] as Uint32Array;
      if (rows === undefined)
        for (let at = 0; at < count; at += 1) word[at] = (word[at] as number) | (part[own[at] as number] as number);
      else addPart(word, part, own, rows, count);
    }
    return words;
  }
}

function addPart(word: Int32Array, part: Int32Array, codes: Uint32Array, rows: Uint32Array, count: number): void {
  for (let at = 0; at < count; at += 1) {
    word[at] = (word[at] as number) | (part[codes[rows[at] as number] as number] as number);
  }
}

/** Rows with equal keys as groups, numbered in the order of their first rows. @param weights records of each row */
export function groupEqual(words: readonly Int32Array[], count: number, weights?: Uint32Array) {
  let capacity = 16;
  while (capacity < 2 * count) capacity *= 2;
  const slots = new Int32Array(capacity).fill(-1);
  const groupOf = new Uint32Array(count);
  const firsts = new Uint32Array(count);
  const sizes = new Uint32Array(count);
  const [first = new Int32Array(0), ...others] = words;
  let groups = 0;
  for (let row = 0; row < count; row += 1) {
    let hash = first[row] as number;
    for (const word of others) hash = Math.imul(hash, 0x9e3779b1) ^ (word[row] as number);
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
    let slot = (hash ^ (hash >>> 13)) & (capacity - 1);
    let group = slots[slot] as number;
    while (group >= 0 && !sameKey(first, others, row, firsts[group] as number)) {
      slot = (slot + 1) & (capacity - 1);
      group = slots[slot] as number;
    }
    if (group < 0) {
      group = groups;
      groups += 1;
      slots[slot] = group;
      firsts[group] = row;
    }
    groupOf[row] = group;
    sizes[group] = (sizes[group] as number) + (weights === undefined ? 1 : (weights[row] as number));
  }
  return { groupOf, firsts: firsts.slice(0, groups), sizes: sizes.slice(0, groups) };
}

function sameKey(first: Int32Array, others: readonly Int32Array[], a: number, b: number): boolean {
  if (first[a] !== first[b]) return false;
  for (const word of others) if (word[a] !== word[b]) return false;
  return true;
}

/** How often the codes of a column occur. */
export function countCodes({ codes, texts }: EncodedColumn): Float64Array {
  const counts = new Float64Array(texts.length);
  for (const code of codes) counts[code] = (counts[code] as number) + 1;
  return counts;
}
