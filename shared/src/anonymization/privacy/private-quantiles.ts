import { numberOfCell } from '../../contracts/index.ts';
import { type Decimal, decimalOne, decimalToNumber, formatDecimal, shareOf } from './decimal.ts';
import { ExponentialWeights } from './exponential-weights.ts';
import { Lattice, type ValueBounds } from './lattice.ts';
import { pureCost } from './privacy-cost.ts';
import type { PrivateAggregate, PrivateAnswer, PrivateStatistic, StatisticOptions } from './private-statistic.ts';
import { type RandomSource, uniformBelow } from './random-source.ts';

/**
 * Quantiles of a column's numbers by the exponential mechanism of Smith, "Privacy-preserving Statistical Estimation with
 * Optimal Convergence Rates", STOC 2011: each step between the bounds is as likely as its rank is near the one asked for.
 * What is spent is divided evenly among the quantiles.
 *
 * The distance of a candidate with `below` records under it, of `n`, to the quantile a/b is ⌊|b·below − a·n| / max(a, b − a)⌋:
 * a whole number that changes by at most one with a record. Weights and draws are whole numbers too
 * ({@link ExponentialWeights}), so that no rounding spoils the promise.
 *
 * @param quantiles between 0 and 1, both excluded
 */
export function privateQuantiles(
  quantiles: readonly Decimal[],
  bounds: ValueBounds,
  epsilon: Decimal,
  { recordsPerPerson, confidence }: StatisticOptions,
): PrivateStatistic {
  if (quantiles.length === 0 || quantiles.some((quantile) => quantile <= 0n || quantile >= decimalOne)) {
    throw new RangeError('Quantiles have to be between 0 and 1.');
  }
  const lattice = new Lattice(bounds);
  const share = shareOf(epsilon, quantiles.length);
  const weights = new ExponentialWeights(share, recordsPerPerson);
  const candidates = lattice.upperSteps - lattice.lowerSteps + 1;
  const ranks = quantiles.map((quantile) => new RankDistance(quantile));
  const release = (sorted: Float64Array, rank: RankDistance, random: RandomSource): PrivateAnswer => {
    const drawn = drawStep(sorted, lattice, (below) => weights.at(rank.distance(below, sorted.length)), random);
    const value = drawn * lattice.step;
    // P(distance ≥ least + t) ≤ candidates · exp(−½·ε·t / records a person)
    const tail = (2 * recordsPerPerson * Math.log(candidates / (1 - confidence))) / decimalToNumber(share);
    const scale = Math.ceil((tail + 1) * rank.recordsToDistance);
    return { label: rank.label, value, low: bounds.lower, high: bounds.upper, noise: { kind: 'exponential', scale } };
  };
  return {
    cost: pureCost(epsilon),
    aggregate: (): PrivateAggregate => {
      const steps: number[] = [];
      return {
        add: (cell) => {
          const value = numberOfCell(cell);
          if (!Number.isNaN(value)) steps.push(lattice.stepsOf(value));
        },
        release: (random) => {
          const sorted = Float64Array.from(steps).sort();
          return ranks.map((rank) => release(sorted, rank, random));
        },
      };
    },
  };
}

/** How far a rank is from that of a quantile. */
class RankDistance {
  readonly label: string;
  readonly #share: bigint;
  readonly #whole: bigint;
  readonly #unit: bigint;

  constructor(quantile: Decimal) {
    const common = greatestCommonDivisor(quantile, decimalOne);
    this.label = formatDecimal(quantile);
    this.#share = quantile / common;
    this.#whole = decimalOne / common;
    const rest = this.#whole - this.#share;
    this.#unit = this.#share > rest ? this.#share : rest;
  }

  /** Records that lie within one unit of distance, at most. */
  get recordsToDistance(): number {
    return Number(this.#unit) / Number(this.#whole);
  }

  distance(below: number, count: number): number {
    const difference = this.#whole * BigInt(below) - this.#share * BigInt(count);
    return Number((difference < 0n ? -difference : difference) / this.#unit);
  }
}

/**
 * Draws a step between the bounds: first one of the intervals between neighbouring values, by the weight of all of its
 * steps, then a step within it.
 */
function drawStep(
  sorted: Float64Array,
  { lowerSteps, upperSteps }: Lattice,
  weightOf: (below: number) => bigint,
  random: RandomSource,
): number {
  // Interval `below` holds the steps above the value before it, up to and with the value behind it.
  const startOf = (below: number) => (below === 0 ? lowerSteps : (sorted[below - 1] as number) + 1);
  const endOf = (below: number) => (below === sorted.length ? upperSteps : (sorted[below] as number));
  const cumulated: bigint[] = [];
  let total = 0n;
  for (let below = 0; below <= sorted.length; below += 1) {
    const width = endOf(below) - startOf(below) + 1;
    if (width > 0) total += BigInt(width) * weightOf(below);
    cumulated.push(total);
  }
  const drawn = uniformBelow(random, total);
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cumulated[middle] as bigint) > drawn) high = middle;
    else low = middle + 1;
  }
  const width = BigInt(endOf(low) - startOf(low) + 1);
  return startOf(low) + Number(uniformBelow(random, width));
}

function greatestCommonDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestCommonDivisor(b, a % b);
}
