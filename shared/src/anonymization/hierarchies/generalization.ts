import type { EncodedColumn } from '../encoded-column.ts';
import { anyValue, hierarchyLabel, plainLabel } from '../generalized-value.ts';

/** One level of a hierarchy, laid over the codes of a column. */
export interface GeneralizationLevel {
  /** Group of each code. Codes of one group share their group on every higher level. */
  readonly groupOf: Uint32Array;
  /** What is released for each group. */
  readonly labels: readonly string[];
  /** Share of the column's domain that a group hides, 0 for a single value to 1 for all of them. */
  readonly loss: Float64Array;
}

/** A column with the levels it can be generalized to: level 0 are its values, the last is one group, `*`. */
export interface Generalization {
  readonly column: EncodedColumn;
  readonly levels: readonly [GeneralizationLevel, ...GeneralizationLevel[]];
}

/** The values themselves. */
export function valueLevel(column: EncodedColumn): GeneralizationLevel {
  return {
    groupOf: Uint32Array.from(column.texts, (_, code) => code),
    labels: column.texts.map((text) => plainLabel(text, column.kind)),
    loss: new Float64Array(column.texts.length),
  };
}

/** Everything in one group. */
export function topLevel(column: EncodedColumn): GeneralizationLevel {
  return { groupOf: new Uint32Array(column.texts.length), labels: [anyValue], loss: Float64Array.of(1) };
}

/**
 * Levels from the label that each code has on each of them, and `*` on top in place of levels that have one group only.
 * Missing cells are a group of their own below the top.
 *
 * @param labelsByLevel levels above the values, the finest first; the entry of code 0 is not looked at
 * @param lossOf share of the domain that a group of these codes hides
 */
export function stackLevels(
  column: EncodedColumn,
  labelsByLevel: readonly (readonly string[])[],
  lossOf: (level: number, codes: readonly number[]) => number,
): Generalization {
  const levels: [GeneralizationLevel, ...GeneralizationLevel[]] = [valueLevel(column)];
  for (const [level, labels] of labelsByLevel.entries()) {
    const groups = new Map<string, number[]>();
    for (let code = 1; code < column.texts.length; code += 1) {
      const label = labels[code] as string;
      const members = groups.get(label);
      if (members === undefined) groups.set(label, [code]);
      else members.push(code);
    }
    // One group of all values is what the top is, unless there are gaps; the top hides those too.
    if (groups.size <= 1) break;
    const groupOf = new Uint32Array(column.texts.length);
    const names = [''];
    const loss = [0];
    for (const [label, members] of groups) {
      for (const code of members) groupOf[code] = names.length;
      names.push(hierarchyLabel(label));
      loss.push(lossOf(level, members));
    }
    levels.push({ groupOf, labels: names, loss: Float64Array.from(loss) });
  }
  levels.push(topLevel(column));
  return { column, levels };
}
