import type { NoiseKind } from './noise.ts';
import type { PrivacyCost } from './privacy-cost.ts';
import type { RandomSource } from './random-source.ts';

/** One released number. */
export interface PrivateAnswer {
  /** Which bin or quantile; empty where the statistic is one number. */
  readonly label: string;
  readonly value: number;
  /** Bounds within which the exact value lies with the confidence asked for; of clamped values, where there are bounds. */
  readonly low: number;
  readonly high: number;
  readonly noise: AnswerNoise;
}

/** What was done to the exact value, in its own unit. All of it is public. */
export interface AnswerNoise {
  readonly kind: NoiseKind | 'exponential';
  /** b of Laplace, σ of Gaussian noise; of a mean, that of its sum. For a quantile the error in records that it bounds. */
  readonly scale: number;
}

/** What is gathered of one group of records, and released once. */
export interface PrivateAggregate {
  /** Takes in one record's cell. What isn't in the domain of the statistic counts as if the record weren't there. */
  add(cell: string): void;
  /** Draws the noise. Nothing of the exact values may leave in another way. */
  release(random: RandomSource): readonly PrivateAnswer[];
}

/**
 * A statistic that is ready to be computed: its cost is fixed before any record is seen. The groups that are aggregated
 * have to be disjoint: each record is added to one at most, so that all groups together cost as much as one.
 */
export interface PrivateStatistic {
  readonly cost: PrivacyCost;
  aggregate(): PrivateAggregate;
}

/** What all statistics are told. */
export interface StatisticOptions {
  /** Records that one person may have among those that are added: whoever adds them sees to it. From 1. */
  readonly recordsPerPerson: number;
  /** Probability with which the exact value lies within the bounds that are given. */
  readonly confidence: number;
}
