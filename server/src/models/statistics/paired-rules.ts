import { type Interval, wilsonInterval, z95 } from './proportion-rules.ts';

/** The same things judged by two: how often both, the first alone, the second alone, and neither said yes. */
export interface PairedCounts {
  readonly both: number;
  readonly firstOnly: number;
  readonly secondOnly: number;
  readonly neither: number;
}

/**
 * Difference `first − second` of two rates on the same things. R. G. Newcombe, "Improved confidence intervals for the difference
 * between binomial proportions based on paired data", Statistics in Medicine 17 (1998), 2635–2650, method 10. Undefined without
 * a sample.
 */
export function pairedDifference(counts: PairedCounts, z = z95): Interval | undefined {
  const { both, firstOnly, secondOnly, neither } = counts;
  const total = both + firstOnly + secondOnly + neither;
  const first = wilsonInterval({ hits: both + firstOnly, total }, z);
  const second = wilsonInterval({ hits: both + secondOnly, total }, z);
  if (first === undefined || second === undefined) return undefined;
  const phi = correctedPhi(counts, total);
  const spread = (one: number, other: number) => Math.sqrt(one * one - 2 * phi * one * other + other * other);
  const estimate = (firstOnly - secondOnly) / total;
  return {
    estimate,
    low: Math.max(-1, estimate - spread(first.estimate - first.low, second.high - second.estimate)),
    high: Math.min(1, estimate + spread(first.high - first.estimate, second.estimate - second.low)),
  };
}

/** Correlation of the two, with the paper's correction for continuity; 0 where one of them never varies. */
function correctedPhi({ both, firstOnly, secondOnly, neither }: PairedCounts, total: number): number {
  const product = (both + firstOnly) * (secondOnly + neither) * (both + secondOnly) * (firstOnly + neither);
  if (product === 0) return 0;
  const determinant = both * neither - firstOnly * secondOnly;
  const corrected = determinant > 0 ? Math.max(determinant - total / 2, 0) : determinant;
  return corrected / Math.sqrt(product);
}
