import { numberOfCell } from '../../contracts/index.ts';
import { Lattice, type ValueBounds } from './lattice.ts';
import { noiseFor, type PrivacyParameters } from './noise.ts';
import type { PrivateAggregate, PrivateStatistic, StatisticOptions } from './private-statistic.ts';
import { StepSum } from './step-sum.ts';

/** The sum of a column's numbers, each clamped to bounds that were declared without looking at the data. */
export function privateSum(
  bounds: ValueBounds,
  parameters: PrivacyParameters,
  { recordsPerPerson, confidence }: StatisticOptions,
): PrivateStatistic {
  const lattice = new Lattice(bounds);
  const noise = noiseFor(parameters, lattice.sensitivity * BigInt(recordsPerPerson));
  const width = noise.bound(1 - confidence) * lattice.step;
  return {
    cost: noise.cost,
    aggregate: (): PrivateAggregate => {
      const sum = new StepSum();
      return {
        add: (cell) => {
          const value = numberOfCell(cell);
          if (!Number.isNaN(value)) sum.add(lattice.stepsOf(value));
        },
        release: (random) => {
          const value = Number(sum.total + noise.draw(random)) * lattice.step;
          const { kind, scale } = noise;
          return [
            { label: '', value, low: value - width, high: value + width, noise: { kind, scale: scale * lattice.step } },
          ];
        },
      };
    },
  };
}
