import type { EncodedColumn } from '../encoded-column.ts';
import type { ValueCounts } from './value-counts.ts';
import { ValueDistribution } from './value-distribution.ts';

/** What every released class has to satisfy. */
export interface PrivacyModel {
  /**
   * Whether a class that satisfies it still does, whatever records are added to it. Search can rule out more where it
   * does; where it doesn't, only a union of classes that all satisfy it is sure to.
   */
  readonly growsSafely: boolean;
  /** Records that a class needs at least; looked at first. */
  readonly leastSize?: number;
  /** Sensitive column that it looks at; none for k-anonymity. */
  readonly sensitive?: EncodedColumn;
  /**
   * @param size records of the class
   * @param values those of `sensitive` in the class; empty where there is none
   */
  holds(size: number, values: ValueCounts): boolean;
}

/** Rounding that sums of shares and logarithms may have. */
const tolerance = 1e-9;

/** Every class has `k` records: Samarati, "Protecting Respondents' Identities in Microdata Release", TKDE 13(6), 2001. */
export function kAnonymity(k: number): PrivacyModel {
  return { growsSafely: true, leastSize: k, holds: (size) => size >= k };
}

/** Every class has `l` different values: Machanavajjhala et al., "l-Diversity", ICDE 2006. */
export function distinctDiversity(sensitive: EncodedColumn, l: number): PrivacyModel {
  return { growsSafely: true, sensitive, holds: (_, values) => values.distinct >= l };
}

/** The values of every class have the entropy of `l` equally frequent ones: as above, section 4. `l` may be a fraction. */
export function entropyDiversity(sensitive: EncodedColumn, l: number): PrivacyModel {
  const least = Math.log(l) - tolerance;
  return { growsSafely: false, sensitive, holds: (_, values) => values.entropy() >= least };
}

/** No class is further than `t` from the whole table: see {@link ValueDistribution.distance}. */
export function tCloseness(sensitive: EncodedColumn, t: number): PrivacyModel {
  const distribution = new ValueDistribution(sensitive);
  return { growsSafely: false, sensitive, holds: (_, values) => distribution.distance(values) <= t + tolerance };
}
