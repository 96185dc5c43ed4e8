import type { Manifest } from './manifest.ts';

/**
 * Scores beyond these count as these: one member alone must not make certain, and near 1 a float32 is too coarse for
 * log-odds.
 */
const lowest = 1e-4;
const highest = 1 - 1e-3;

/** Puts members' scores together. */
export interface Combination {
  /** Log-odds of fraud by the members' scores, in their order; NaN if one is. */
  logOdds(scores: readonly number[]): number;
}

export function combinationOf({ members, combination }: Manifest): Combination {
  const weights = members.map(({ name }) => combination.weights[name] as { of: 'log_odds' | 'score'; weight: number });
  return {
    logOdds(scores) {
      let sum = combination.intercept;
      for (const [index, { of, weight }] of weights.entries()) {
        const score = scores[index] as number;
        sum += weight * (of === 'score' ? score : oddsOf(score));
      }
      return sum;
    },
  };
}

function oddsOf(score: number): number {
  const bounded = Math.min(highest, Math.max(lowest, score));
  // Math.min and Math.max pass NaN on.
  return Math.log(bounded / (1 - bounded));
}

export function probabilityOf(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
