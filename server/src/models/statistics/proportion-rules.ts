/** An estimate with a confidence interval around it. */
export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** `hits` of `total`. */
export interface Proportion {
  readonly hits: number;
  readonly total: number;
}

/** Of the normal distribution, two-sided 95 %. */
export const z95 = 1.959963984540054;

/**
 * Wilson's score interval: it holds its level for small samples and for rates near 0 and 1, where the usual one (estimate ± z
 * standard errors) doesn't. E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22
 * (1927), 209–212. Undefined without a sample.
 */
export function wilsonInterval({ hits, total }: Proportion, z = z95): Interval | undefined {
  if (total === 0) return undefined;
  const estimate = hits / total;
  const z2 = z * z;
  const centre = estimate + z2 / (2 * total);
  const spread = z * Math.sqrt((estimate * (1 - estimate)) / total + z2 / (4 * total * total));
  const scale = 1 + z2 / total;
  // At the ends the formula gives 0 and 1 but for rounding.
  const low = hits === 0 ? 0 : (centre - spread) / scale;
  const high = hits === total ? 1 : (centre + spread) / scale;
  return { estimate, low, high };
}

/**
 * Difference `a − b` of two independent rates, from their Wilson intervals. R. G. Newcombe, "Interval estimation for the
 * difference between independent proportions: comparison of eleven methods", Statistics in Medicine 17 (1998), 873–890,
 * method 10. Undefined where one of them has no sample.
 */
export function newcombeDifference(a: Proportion, b: Proportion, z = z95): Interval | undefined {
  const first = wilsonInterval(a, z);
  const second = wilsonInterval(b, z);
  if (first === undefined || second === undefined) return undefined;
  const estimate = first.estimate - second.estimate;
  const below = Math.hypot(first.estimate - first.low, second.high - second.estimate);
  const above = Math.hypot(first.high - first.estimate, second.estimate - second.low);
  return { estimate, low: Math.max(-1, estimate - below), high: Math.min(1, estimate + above) };
}
