/**
 * Pearson's statistic of draws against the probabilities of whole numbers, as a standard normal score (Wilson and Hilferty's
 * cube root). Numbers that are expected less than ten times count together.
 */
export function chiSquareScore(draws: readonly number[], probability: (value: number) => number): number {
  const counts = new Map<number, number>();
  for (const draw of draws) counts.set(draw, (counts.get(draw) ?? 0) + 1);
  const reach = Math.max(...draws.map(Math.abs));
  let statistic = 0;
  let cells = 0;
  let restExpected = draws.length;
  let restSeen = draws.length;
  for (let value = -reach; value <= reach; value += 1) {
    const expected = probability(value) * draws.length;
    if (expected < 10) continue;
    const seen = counts.get(value) ?? 0;
    statistic += (seen - expected) ** 2 / expected;
    cells += 1;
    restExpected -= expected;
    restSeen -= seen;
  }
  if (restExpected >= 5) {
    statistic += (restSeen - restExpected) ** 2 / restExpected;
    cells += 1;
  }
  const freedom = cells - 1;
  return (Math.cbrt(statistic / freedom) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
}

/** The statistic √n·D of Kolmogorov and Smirnov; above 1.95 in one of a thousand samples of the distribution. */
export function kolmogorovSmirnov(draws: readonly number[], cumulative: (value: number) => number): number {
  const sorted = draws.toSorted((a, b) => a - b);
  const gaps = sorted.map((value, index) => {
    const below = cumulative(value);
    return Math.max(Math.abs(below - index / sorted.length), Math.abs(below - (index + 1) / sorted.length));
  });
  return Math.max(...gaps) * Math.sqrt(draws.length);
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

export const deviationOf = (values: readonly number[]): number => {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
};
