import type { EncodedColumn } from '../encoded-column.ts';
import { ValueCounts, ValueDistribution } from '../models/index.ts';

/** What classes keep to themselves of a sensitive column; the worst class counts. */
export interface SensitiveProtection {
  readonly column: string;
  /** Different values in the class with fewest. */
  readonly distinctL: number;
  /** e to the entropy of the class with least: equally frequent values that would be as hard to guess. */
  readonly entropyL: number;
  /** Distance of the furthest class from the whole table. */
  readonly t: number;
  /** Share of the most frequent value in the class where it is largest: Wong et al., "(α, k)-Anonymity", KDD 2006. */
  readonly alpha: number;
  /** Largest relative gain (class's share − table's) / table's: Cao and Karras, "β-likeness", PVLDB 5(11), 2012. */
  readonly basicBeta: number;
  /** The same, but no more than −ln(table's share) for any value. */
  readonly enhancedBeta: number;
  /** Largest |ln(class's share / table's)| of values that occur in a class: Brickell and Shmatikov, KDD 2008. */
  readonly deltaDisclosure: number;
}

export interface Protection {
  /** Records of the smallest class; 0 where nothing is released. */
  readonly k: number;
  readonly classes: number;
  readonly sensitive: readonly SensitiveProtection[];
}

/**
 * Measures what is released, whoever made it.
 *
 * @param classOf class of each record
 * @param isReleased whether a class is; suppressed ones aren't looked at
 * @param sensitive columns with as many records; the table that classes are compared with has the suppressed ones too
 */
export function protectionOf(
  classOf: Uint32Array,
  isReleased: (position: number) => boolean,
  sensitive: readonly EncodedColumn[],
): Protection {
  const { order, starts } = sortByClass(classOf);
  const positions = Array.from({ length: starts.length - 1 }, (_, position) => position).filter(
    (position) => (starts[position + 1] as number) > (starts[position] as number) && isReleased(position),
  );
  const sizeOf = (position: number) => (starts[position + 1] as number) - (starts[position] as number);
  const k = positions.reduce((least, position) => Math.min(least, sizeOf(position)), Number.POSITIVE_INFINITY);
  return {
    k: positions.length > 0 ? k : 0,
    classes: positions.length,
    sensitive: sensitive.map((column) => protectionOfColumn(column, positions, order, starts)),
  };
}

function protectionOfColumn(
  column: EncodedColumn,
  positions: readonly number[],
  order: Uint32Array,
  starts: Uint32Array,
): SensitiveProtection {
  const distribution = new ValueDistribution(column);
  const values = new ValueCounts(column.texts.length);
  let [distinct, entropy, t, alpha] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0, 0];
  let [basicBeta, enhancedBeta, delta] = [0, 0, 0];
  for (const position of positions) {
    values.clear();
    for (let index = starts[position] as number; index < (starts[position + 1] as number); index += 1) {
      values.add(column.codes[order[index] as number] as number, 1);
    }
    distinct = Math.min(distinct, values.distinct);
    entropy = Math.min(entropy, values.entropy());
    t = Math.max(t, distribution.distance(values));
    for (let index = 0; index < values.distinct; index += 1) {
      const code = values.seen[index] as number;
      const share = (values.counts[code] as number) / values.total;
      const usual = distribution.shares[code] as number;
      const gain = (share - usual) / usual;
      alpha = Math.max(alpha, share);
      basicBeta = Math.max(basicBeta, gain);
      enhancedBeta = Math.max(enhancedBeta, Math.min(gain, -Math.log(usual)));
      delta = Math.max(delta, Math.abs(Math.log(share / usual)));
    }
  }
  const any = positions.length > 0;
  return {
    column: column.name,
    distinctL: any ? distinct : 0,
    entropyL: any ? Math.exp(entropy) : 0,
    t,
    alpha,
    basicBeta,
    enhancedBeta,
    deltaDisclosure: delta,
  };
}

/** Records in the order of their classes; class `c` has those from `starts[c]` to `starts[c + 1] − 1`. */
export function sortByClass(classOf: Uint32Array): { readonly order: Uint32Array; readonly starts: Uint32Array } {
  let classes = 0;
  for (const position of classOf) if (position >= classes) classes = position + 1;
  const starts = new Uint32Array(classes + 1);
  for (const position of classOf) starts[position + 1] = (starts[position + 1] as number) + 1;
  for (let at = 1; at <= classes; at += 1) starts[at] = (starts[at] as number) + (starts[at - 1] as number);
  const order = new Uint32Array(classOf.length);
  const next = starts.slice();
  for (let record = 0; record < classOf.length; record += 1) {
    const position = classOf[record] as number;
    order[next[position] as number] = record;
    next[position] = (next[position] as number) + 1;
  }
  return { order, starts };
}
