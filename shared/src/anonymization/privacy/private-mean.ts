import { numberOfCell } from '../../contracts/index.ts';
import { type Decimal, shareOf } from './decimal.ts';
import { Lattice, type ValueBounds } from './lattice.ts';
import { noiseFor, type PrivacyParameters } from './noise.ts';
import { sumOfCosts } from './privacy-cost.ts';
import { CountNoise } from './private-count.ts';
import type { PrivateAggregate, PrivateAnswer, PrivateStatistic, StatisticOptions } from './private-statistic.ts';
import type { RandomSource } from './random-source.ts';
import { StepSum } from './step-sum.ts';

/**
 * The mean of a column's numbers: a private sum divided by a private count, each for half of what is spent. Distances to
 * the middle of the bounds are added up, which halves the sensitivity: at most (upper − lower) / 2 a record.
 */
export function privateMean(
  bounds: ValueBounds,
  parameters: PrivacyParameters,
  { recordsPerPerson, confidence }: StatisticOptions,
): PrivateStatistic {
  const middle = bounds.lower / 2 + bounds.upper / 2;
  const reach = bounds.upper / 2 - bounds.lower / 2;
  const lattice = new Lattice({ lower: -reach, upper: reach });
  const half = halfOf(parameters);
  const sumNoise = noiseFor(half, lattice.sensitivity * BigInt(recordsPerPerson));
  const countNoise = new CountNoise(half, recordsPerPerson);
  // Each of the two keeps its bounds with half the doubt, so both do with all of it.
  const partConfidence = 1 - (1 - confidence) / 2;
  const sumWidth = sumNoise.bound(1 - partConfidence) * lattice.step;
  const clamp = (value: number) => Math.min(bounds.upper, Math.max(bounds.lower, value));

  const release = (sum: StepSum, records: number, random: RandomSource): PrivateAnswer => {
    const total = Number(sum.total + sumNoise.draw(random)) * lattice.step;
    const count = countNoise.release(records, '', partConfidence, random);
    const value = clamp(middle + total / Math.max(1, count.value));
    const { kind, scale } = sumNoise;
    const noise = { kind, scale: scale * lattice.step };
    // With perhaps no record at all the mean may be anything.
    if (count.low < 1) return { label: '', value, low: bounds.lower, high: bounds.upper, noise };
    const least = total - sumWidth;
    const most = total + sumWidth;
    return {
      label: '',
      value,
      low: clamp(middle + least / (least < 0 ? count.low : count.high)),
      high: clamp(middle + most / (most < 0 ? count.high : count.low)),
      noise,
    };
  };

  return {
    cost: sumOfCosts([sumNoise.cost, countNoise.noise.cost]),
    aggregate: (): PrivateAggregate => {
      const sum = new StepSum();
      let records = 0;
      return {
        add: (cell) => {
          const value = numberOfCell(cell);
          if (Number.isNaN(value)) return;
          sum.add(lattice.stepsOf(value - middle));
          records += 1;
        },
        release: (random) => [release(sum, records, random)],
      };
    },
  };
}

function halfOf(parameters: PrivacyParameters): PrivacyParameters {
  const half = (value: Decimal) => shareOf(value, 2);
  if (parameters.noise === 'laplace') return { ...parameters, epsilon: half(parameters.epsilon) };
  if ('rho' in parameters) return { ...parameters, rho: half(parameters.rho) };
  return { ...parameters, epsilon: half(parameters.epsilon), delta: half(parameters.delta) };
}
